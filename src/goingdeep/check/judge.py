"""Running the rules over what was seen, and making one report of what they say.

A rule is a pure function, and may be wrong: what it raises makes it *not checked*, and the others
go on. Findings are bounded, and one place is one finding, however many processes met it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from goingdeep.check.catalogue import Entry, catalogue
from goingdeep.check.channels import lacking, lost
from goingdeep.check.places import moved
from goingdeep.check.report import Report
from goingdeep.check.rule import Finding, NotSeen
from goingdeep.check.run import Run
from goingdeep.check.settings import CheckSettings
from goingdeep.check.source import Source
from goingdeep.record.reading import Seen, read_processes

MOST_LISTED = 20
"""Findings of one rule that are listed; more of the same teach nothing."""

NO_END = "the record has no end: the run goes on, or it was killed"

MOST_COUNTED = 10_000
"""Findings of one rule that are counted; then it is stopped."""


def check_run(
    folder: Path, settings: CheckSettings | None = None, rules: Mapping[str, Entry] | None = None
) -> Report:
    """Judge a run folder. Nothing is read but the record, and the source files that it names."""
    return check_processes(read_processes(folder), settings, rules, name=folder.name)


def check_processes(
    processes: Iterable[Seen],
    settings: CheckSettings | None = None,
    rules: Mapping[str, Entry] | None = None,
    *,
    name: str = "",
) -> Report:
    """Judge what was seen of one or more processes of a run."""
    chosen = (settings or CheckSettings()).chosen(catalogue() if rules is None else rules)
    runs = [seen if isinstance(seen, Run) else Run.of_seen(seen) for seen in processes]
    watched = [run for run in runs if run.watched]
    source = Source()
    _introduce(watched, source)
    report = Report(run=name, steps=max((run.steps for run in runs), default=0))
    found: dict[str, list[Finding]] = {}
    for rule_name, entry in chosen.items():
        said = [_ask(entry, run, source) for run in watched or runs or [Run()]]
        findings = _joined(itertools.chain.from_iterable(f for f, _ in said))
        reasons = [reason for _, reason in said]
        if findings:
            found[rule_name] = findings
        elif all(reasons):
            report.not_checked[rule_name] = reasons[0]
        else:
            report.clean.append(rule_name)
    _silence(found, chosen, report)
    for rule_name, findings in found.items():
        shown = [_finished(finding, chosen[rule_name], settings) for finding in findings]
        report.findings += shown[:MOST_LISTED]
        if len(findings) > MOST_LISTED:
            report.more[rule_name] = len(findings) - MOST_LISTED
    _note_what_is_missing(runs, watched, report)
    report.sort()
    return report


def _introduce(runs: list[Run], source: Source) -> None:
    """Tell each process of the others of its job: a run that was resumed has several, one by one."""
    jobs: dict[int, list[Run]] = {}
    resumes: Counter[int] = Counter()
    for run in runs:
        jobs.setdefault(resumes[run.rank], []).append(run)
        resumes[run.rank] += 1
    for job in jobs.values():
        for run in job:
            run.others = tuple(other for other in job if other is not run)
            run.source = source


def _ask(entry: Entry, run: Run, source: Source) -> tuple[list[Finding], str]:
    """What a rule finds in one process, and why it could not judge ("" where it could)."""
    rule = entry.rule
    if not run.watched:
        return [], "nobody watched this run"
    if run.idle:
        return [], "no training was seen"
    reason = next(lacking(run, rule.needs), "")
    if reason:
        return [], reason
    findings: list[Finding] = []
    try:
        for finding in itertools.islice(entry.check(run), MOST_COUNTED):
            findings.append(moved(_placed(finding, run), source))  # noqa: PERF401 - what it found before it fails counts
    except NotSeen as answer:
        return findings, str(answer)
    except Exception as error:  # noqa: BLE001 - one rule's fault must not take the others along
        return findings, f"the rule failed: {type(error).__name__}: {error}"[:300]
    return findings, lost(run, rule.needs) if not findings else ""


def _placed(finding: Finding, run: Run) -> Finding:
    """The finding with the file and line of its site."""
    site = run.site(finding.site)
    if site is None:
        return msgspec.structs.replace(finding, rank=run.rank)
    via = f"{site.via_file}:{site.via_line}" if site.via_file else ""
    return msgspec.structs.replace(
        finding, file=site.file, line=site.line, source=site.source, via=via, rank=run.rank
    )


def _joined(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for one place: that of the first process; counts of the same process add up."""
    joined: dict[tuple[str, str, int, str], Finding] = {}
    for finding in findings:
        place = finding.file, finding.line
        key = (finding.rule, *place, "" if finding.line else finding.message)
        first = joined.setdefault(key, finding)
        if first is not finding and first.rank == finding.rank:
            joined[key] = msgspec.structs.replace(first, count=first.count + finding.count)
    return list(joined.values())


def _silence(found: dict[str, list[Finding]], rules: Mapping[str, Entry], report: Report) -> None:
    """Take out symptoms whose cause was found.

    A cause that is itself silenced still explains: its own cause is the cause of both.
    """
    causes = set(found)
    for name in list(found):
        by = next((cause for cause in rules[name].rule.silenced_by if cause in causes), "")
        if by:
            del found[name]
            report.silenced[name] = by


def _finished(finding: Finding, entry: Entry, settings: CheckSettings | None) -> Finding:
    """The finding with the user's severity, and the page's words where it has none of its own."""
    severity = settings.severity.get(finding.rule) if settings is not None else None
    return msgspec.structs.replace(
        finding, why=finding.why or entry.why, severity=severity or finding.severity
    )


def _note_what_is_missing(runs: list[Run], watched: list[Run], report: Report) -> None:
    if not runs:
        report.notes.append("the record holds no events that can be read")
    elif not watched:
        report.notes.append("the record holds only what the training itself wrote")
    unknown = sum(sum(run.unknown.values()) for run in runs)
    if unknown:
        kinds = sorted({kind for run in runs for kind in run.unknown})[:4]
        report.notes.append(
            f"{unknown:,} events of kinds unknown to this version were left out: {', '.join(kinds)}"
        )
    if watched and not any(run.ended for run in watched):
        report.notes.append(NO_END)
