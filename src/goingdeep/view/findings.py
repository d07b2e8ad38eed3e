"""What the rules say of a run, fit to be shown. Comments that accept a finding count, as recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from goingdeep.check import CheckSettings, Finding, Report, catalogue, check_processes
from goingdeep.check.baseline import apply_baseline
from goingdeep.check.proof import add_proofs
from goingdeep.check.settings import settings_if_right
from goingdeep.check.source import Source, apply_ignores
from goingdeep.errors import GoingDeepError
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


def checked(
    processes: Sequence[Seen], texts: Mapping[str, str], folder: Path
) -> tuple[Report, CheckSettings]:
    """The verdict on a run as `gd check` gives it, and the settings it was reached under.

    Settings are those of the program's project, known findings those of its baseline; where these
    are wrong, which `gd check` says, the usual ones.

    Args:
        processes: what was seen of each. texts: the recorded source of each file. folder: the run,
            for the proofs that were made of its findings.
    """
    rules = catalogue()
    settings = settings_if_right(processes, rules)
    report = check_processes(processes, settings)
    add_proofs(report, folder)
    apply_ignores(report, texts, rules, _Recorded(texts))
    if settings.baseline is not None:
        with contextlib.suppress(GoingDeepError):
            apply_baseline(report, settings.baseline)
    return report, settings


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
