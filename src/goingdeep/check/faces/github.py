"""A report as GitHub's workflow commands, which become annotations on the lines of a pull request.

Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from goingdeep.check.faces.text import summary
from goingdeep.check.report import Report
from goingdeep.check.rule import Finding
from goingdeep.check.source import short
from goingdeep.errors import printable

COMMANDS = {"error": "error", "warning": "warning", "hint": "notice"}


def render(report: Report) -> str:
    """One command a finding; then the summary, which GitHub shows as ordinary lines."""
    return "\n".join([*map(one, report.findings), *map(_harmless, summary(report))])


def one(finding: Finding) -> str:
    """One annotation."""
    place = {"title": f"gd check: {finding.rule}"}
    if finding.file and not finding.file.startswith("<"):
        place = {"file": short(finding.file), "line": str(finding.line), **place}
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items())
    words = [finding.message, finding.why, f"fix: {finding.fix}" if finding.fix else ""]
    message = "\n".join(word for word in words if word)
    return f"::{COMMANDS[finding.severity]} {properties}::{_data(message)}"


def _data(text: str) -> str:
    safe = "".join(c if c == "\n" else printable(c) for c in text)
    return safe.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _harmless(line: str) -> str:
    """A line of the summary begins with our words; two colons in it could begin no command."""
    return line.replace("::", ": :")
