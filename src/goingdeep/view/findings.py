"""What the rules say of a run, fit to be shown. Comments that accept a finding count, as recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from goingdeep.check import Finding, Report, catalogue, check_processes, settings_here
from goingdeep.check.proof import add_proofs
from goingdeep.check.source import Source, apply_ignores
from goingdeep.record.reading import Seen
from goingdeep.view.contract import Shown
from goingdeep.view.paths import Paths, without_home


class _Recorded(Source):
    """Source files as the record has them: a record may name any path, and none is opened."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__()
        self._files = {file: tuple(text.splitlines()) for file, text in texts.items()}

    def lines(self, file: str) -> tuple[str, ...] | None:
        """The lines of a file as it ran."""
        return self._files.get(file)

    def state(self, finding: Finding) -> str:  # noqa: ARG002 - as it is called
        """Nothing is to be said of a place: these lines are those that ran."""
        return ""


def checked(processes: Iterable[Seen], texts: Mapping[str, str], folder: Path) -> Report:
    """The verdict on a run, under the settings of the project in the current folder.

    Args:
        processes: what was seen of each. texts: the recorded source of each file. folder: the run,
            for the proofs that were made of its findings.
    """
    rules = catalogue()
    report = check_processes(processes, settings_here(rules))
    add_proofs(report, folder)
    apply_ignores(report, texts, rules, _Recorded(texts))
    return report


def shown(report: Report, paths: Paths) -> tuple[Shown, ...]:
    """Its findings, with paths that may be seen and the rule's own words."""
    rules = catalogue()
    found = []
    for finding in report.findings:
        entry, proof = rules.get(finding.rule), finding.proof
        found.append(
            Shown(
                rule=finding.rule,
                severity=finding.severity,
                message=without_home(finding.message),
                file=paths[finding.file] if finding.file else "",
                line=finding.line,
                source=finding.source,
                step=finding.step,
                count=finding.count,
                why=without_home(finding.why),
                fix=finding.fix,
                fine=entry.sections.get("When it is fine", "") if entry is not None else "",
                note=" ".join(filter(None, (finding.note, proof.sentence if proof else ""))),
                evidence=dict(finding.evidence),
                proof=dict(finding.proof.curves) or None if finding.proof is not None else None,
            )
        )
    return tuple(found)
