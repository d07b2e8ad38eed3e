"""A report as JSON, for programs."""

from __future__ import annotations

from typing import Any

from goingdeep.check.proof import Proof
from goingdeep.check.report import Report
from goingdeep.check.rule import Finding
from goingdeep.check.source import short
from goingdeep.record.encoding import finite, indented


def render(report: Report) -> str:
    """`findings`, `not_checked` and `clean`; beside them what was silenced, accepted or noted."""
    return indented(content(report))


def content(report: Report) -> dict[str, Any]:
    """The report in plain dictionaries and lists."""
    return {
        "run": report.run,
        "steps": report.steps,
        "findings": [of_finding(finding) for finding in report.findings],
        "more": report.more,
        "not_checked": [
            {"rule": rule, "needs": reason} for rule, reason in sorted(report.not_checked.items())
        ],
        "clean": sorted(report.clean),
        "silenced": [{"rule": rule, "by": by} for rule, by in sorted(report.silenced.items())],
        "ignored": [of_finding(finding) for finding in report.ignored],
        "known": [of_finding(finding) for finding in report.known],
        "notes": report.notes,
    }


def of_finding(finding: Finding) -> dict[str, Any]:
    """One finding. Numbers that JSON does not have are text ("nan", "inf")."""
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "file": short(finding.file) if finding.file else "",
        "line": finding.line,
        "source": finding.source,
        "step": finding.step,
        "count": finding.count,
        "why": finding.why,
        "fix": finding.fix,
        "evidence": {name: _plain(value) for name, value in finding.evidence.items()},
        "via": finding.via,
        "rank": finding.rank,
        "note": finding.note,
        "proof": _proof(finding.proof),
    }


def _proof(proof: Proof | None) -> dict[str, Any] | None:
    if proof is None:
        return None
    return {name: _plain(getattr(proof, name)) for name in proof.__struct_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return finite(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
