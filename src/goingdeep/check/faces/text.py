"""A report for people: five lines a finding, in the shape of our errors.

error[grads-not-cleared]: all 97 updates from step 2 on used gradients left over from the one before
  where: train.py:31  loss.backward()
  why:   each update follows the sum of all gradients so far
  fix:   optimizer.zero_grad()  # before loss.backward()
  more:  gd rules grads-not-cleared
"""

from __future__ import annotations

from collections import defaultdict

from goingdeep.check.report import Report
from goingdeep.check.rule import SEVERITIES, Finding
from goingdeep.check.source import short
from goingdeep.errors import one_line
from goingdeep.words import many


def render(report: Report) -> str:
    """The whole report."""
    parts = [one(finding) for finding in report.findings]
    for rule, count in sorted(report.more.items()):
        parts.append(f"and {count:,} more of {rule}")
    parts.append("\n".join(summary(report)))
    return "\n\n".join(parts)


def one(finding: Finding) -> str:
    """One finding in up to five lines, and one more for a proof."""
    lines = [f"{finding.severity}[{finding.rule}]: {one_line(finding.message)}"]
    for label, words in (
        ("where", where(finding)),
        ("why", finding.why),
        ("fix", finding.fix),
        ("proof", finding.proof.sentence if finding.proof is not None else ""),
        ("more", f"gd rules {finding.rule}"),
    ):
        if words:
            lines.append(f"  {label + ':':<6} {one_line(words)}")
    return "\n".join(lines)


def in_brief(finding: Finding) -> str:
    """What was observed and where, in two lines."""
    return "\n".join(one(finding).split("\n")[: 2 if finding.file else 1])


def where(finding: Finding) -> str:
    """The place in one line: file, line, source text, and what is to be known of it."""
    if not finding.file:
        return ""
    words = f"{short(finding.file)}:{finding.line}"
    if finding.source:
        words += f"  {finding.source}"
    if finding.via:
        words += f"  (through {short(finding.via)})"
    if finding.note:
        words += f"  ({finding.note})"
    return words


def summary(report: Report) -> list[str]:
    """What was found, what was not, and what could not be judged."""
    counts = [
        many(count, severity)
        for severity in SEVERITIES
        if (count := sum(finding.severity == severity for finding in report.findings))
    ]
    name = f" in {one_line(report.run)}" if report.run else ""
    nothing = f"nothing {'new' if report.known else 'wrong'} was found"
    lines = [f"{', '.join(counts) or nothing}{name}, {many(report.steps, 'step')}"]
    if not report.judged:
        lines[0] = f"nothing could be judged{name}"
    if report.clean:
        lines.append(f"  {many(len(report.clean), 'rule')} looked and found nothing")
    for rule, by in sorted(report.silenced.items()):
        lines.append(f"  {rule} is explained by {by}")
    if report.ignored:
        lines.append(f"  {many(len(report.ignored), 'finding')} accepted by a comment")
    if report.known:
        lines.append(f"  {many(len(report.known), 'finding')} known from the baseline")
    reasons: dict[str, list[str]] = defaultdict(list)
    for rule, reason in report.not_checked.items():
        reasons[reason].append(rule)
    for reason, rules in reasons.items():
        lines.append(f"  not checked, {one_line(reason)}: {', '.join(sorted(rules))}")
    lines += [f"  note: {one_line(note)}" for note in report.notes]
    return lines
