"""A report as SARIF 2.1.0, which code scanning tools read.

Source: docs.oasis-open.org/sarif/sarif/v2.1.0.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

from goingdeep import __version__
from goingdeep.check.catalogue import Entry, catalogue
from goingdeep.check.faces.plain import of_finding
from goingdeep.check.report import Report
from goingdeep.check.rule import Finding
from goingdeep.check.source import short
from goingdeep.record.encoding import indented
from goingdeep.record.runs import here

LEVELS = {"error": "error", "warning": "warning", "hint": "note"}
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: Report) -> str:
    """The whole log."""
    return indented(content(report))


def content(report: Report) -> dict[str, Any]:
    """One run of one tool. What a comment or the baseline accepts is suppressed, not left out."""
    shown = [(finding, "") for finding in report.findings]
    shown += [(finding, "inSource") for finding in report.ignored]
    shown += [(finding, "external") for finding in report.known]
    names = sorted({finding.rule for finding, _ in shown})
    rules = [_rule(name, catalogue().get(name)) for name in names]
    results = [_result(finding, names.index(finding.rule), kind) for finding, kind in shown]
    notes = [
        *(
            f"{rule} was not checked: {reason}"
            for rule, reason in sorted(report.not_checked.items())
        ),
        *report.notes,
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "Going Deep", "version": __version__, "rules": rules}},
                "originalUriBaseIds": {"SRCROOT": {"uri": here().as_uri() + "/"}},
                "columnKind": "unicodeCodePoints",
                "results": results,
                "invocations": [
                    {
                        "executionSuccessful": report.judged,
                        "toolExecutionNotifications": [
                            {"level": "note", "message": {"text": note}} for note in notes
                        ],
                    }
                ],
            }
        ],
    }


def _rule(name: str, entry: Entry | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": name}
    if entry is not None:
        rule["shortDescription"] = {"text": entry.title}
        rule["fullDescription"] = {"text": entry.sections.get("What happens") or entry.title}
        rule["help"] = {"text": entry.sections.get("How to fix it") or entry.title}
        rule["defaultConfiguration"] = {"level": LEVELS[entry.rule.severity]}
    return rule


def _result(finding: Finding, index: int, suppressed: str) -> dict[str, Any]:
    words = [finding.message, finding.why, f"Fix: {finding.fix}" if finding.fix else ""]
    fields = of_finding(finding)
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": ". ".join(word.rstrip(".") for word in words if word) + "."},
        "occurrenceCount": max(1, finding.count),
        "properties": {key: fields[key] for key in ("step", "evidence", "rank", "note")},
    }
    if finding.file:
        region: dict[str, Any] = {"startLine": max(1, finding.line)}
        if finding.source:
            region["snippet"] = {"text": finding.source}
        location = {"artifactLocation": _artifact(finding.file), "region": region}
        result["locations"] = [{"physicalLocation": location}]
    if suppressed:
        result["suppressions"] = [{"kind": suppressed}]
    return result


def _artifact(file: str) -> dict[str, Any]:
    if file.startswith("<"):
        return {"uri": _quoted(file)}  # a cell of a notebook is no file
    name = short(file)
    if os.path.isabs(name):  # noqa: PTH117 - a recorded name may be any text
        return {"uri": "file://" + _quoted(name)}
    return {"uri": _quoted(name.replace(os.sep, "/")), "uriBaseId": "SRCROOT"}


def _quoted(name: str) -> str:
    """A name as part of an address; on Linux it may hold bytes that are no text."""
    return quote(name.encode("utf-8", "surrogatepass"))
