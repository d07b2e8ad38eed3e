"""What the rules said of a run, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from goingdeep.check.rule import SEVERITIES, Finding, Severity, worse


@dataclass
class Report:
    """The verdict on a run.

    findings: the worst first, then by step. more: {rule: how many beyond the bound are not listed}.
    not_checked: {rule: what it would have had to see}. clean: rules that looked and found nothing.
    silenced: {rule: the rule whose finding explains it}. ignored: findings that the user accepts
    by a comment; known: those in the baseline. notes: what else is to be said, a line each.
    steps: how many the record holds.
    """

    run: str = ""
    steps: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)
    not_checked: dict[str, str] = field(default_factory=dict)
    clean: list[str] = field(default_factory=list)
    silenced: dict[str, str] = field(default_factory=dict)
    ignored: list[Finding] = field(default_factory=list)
    known: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def judged(self) -> bool:
        """Whether any rule could judge."""
        return bool(self.clean or self.findings or self.silenced or self.ignored or self.known)

    def exit_code(self, fail_on: Severity = "error") -> int:
        """0: nothing as bad as `fail_on`; 1: something is; 2: nothing could be judged."""
        if not self.judged:
            return 2
        return int(any(worse(finding.severity, fail_on) for finding in self.findings))

    def sort(self) -> None:
        """The worst first, then in the order in which they were seen."""
        self.findings.sort(key=_order)


def _order(finding: Finding) -> tuple[int, int, int, str]:
    return SEVERITIES.index(finding.severity), finding.rank, finding.step, finding.rule
