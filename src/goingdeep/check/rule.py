"""What a rule is and says: `Rule`, `Finding`, and how it admits that it cannot judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from goingdeep.check.proof import Proof, Remedy

if TYPE_CHECKING:
    from goingdeep.check.run import Run

Severity = Literal["error", "warning", "hint"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "hint")
"""The worst first. error: certain and harmful; warning: very likely; hint: worth a look."""

Evidence = str | int | float | bool | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]


class NotSeen(Exception):  # noqa: N818 - not an error: an answer
    """A rule cannot judge this run. The text says what it would have had to see."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mistake, with what was observed.

    message: what was observed, one line that stands alone; every number in it is in `evidence`.
    step: the first one at which it was seen, 0 where it belongs to no step. count: how often.
    site: number of the line where the fix goes; file, line, source: the same, as it was recorded.
    via: the framework's line through which the call went. why: why it hurts. fix: to paste.
    note: what is to be known of the place (the file has changed since). seek: what the line of the
    fix holds, where it is another line than the one of `site` (places.py); "" once it was looked for.
    remedy: what a replay does to be without the mistake. proof: what that gave, if it was tried.
    """

    rule: str
    severity: Severity
    message: str
    site: int = -1
    file: str = ""
    line: int = 0
    source: str = ""
    via: str = ""
    step: int = 0
    count: int = 1
    why: str = ""
    fix: str = ""
    evidence: dict[str, Evidence] = {}
    rank: int = 0
    note: str = ""
    seek: str = ""
    remedy: Remedy | None = None
    proof: Proof | None = None


Check = Callable[["Run"], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One mistake that can be found.

    name: the mistake; reads well after "ignore". needs: channels of the record (channels.py)
    without which it cannot judge. silenced_by: rules whose finding explains this one's, so that
    this one keeps silent beside it. on: whether it runs unless asked for. remedy: what a replay does
    to be without the mistake, where that is the same for all findings. unproved: why nothing is
    replayed for any of them, as the rule's page says it; "" where something is.
    """

    name: str
    severity: Severity
    needs: tuple[str, ...] = ()
    silenced_by: tuple[str, ...] = ()
    on: bool = True
    remedy: Remedy | None = None
    unproved: str = ""

    def found(
        self,
        message: str,
        *,
        site: int = -1,
        step: int = 0,
        count: int = 1,
        fix: str = "",
        why: str = "",
        severity: Severity | None = None,
        seek: str = "",
        remedy: Remedy | None = None,
        **evidence: Any,
    ) -> Finding:
        """A finding of this rule.

        Args:
            message: with the names of evidence in braces: "{wrong} of {all} updates"; what a number
                counts stands behind a colon: "{layers:layer}" is "1 layer" or "2 layers".
            why: where the page's first words on why it hurts do not fit this case.
            severity: where it differs from the rule's own.
            seek: what is at the line of the fix, where `site` is only near it (places.py).
            remedy: where it is not the rule's own.
            **evidence: what was observed; None is left out.
        """
        known = {name: value for name, value in evidence.items() if value is not None}
        return Finding(
            rule=self.name,
            severity=severity or self.severity,
            message=message.format_map({name: _Said(value) for name, value in known.items()}),
            site=site,
            step=step,
            count=count,
            why=why,
            fix=fix,
            seek=seek,
            evidence=known,
            remedy=remedy or self.remedy,
        )


class _Said:
    """A piece of evidence on its way into a message."""

    def __init__(self, value: Evidence) -> None:
        self._value = value

    def __format__(self, thing: str) -> str:
        if not thing:
            return spelled(self._value)
        return f"{spelled(self._value)} {thing if self._value == 1 else thing + 's'}"


def spelled(value: Evidence) -> str:
    """Evidence as it stands in a message.

    >>> spelled(12000), spelled(0.05), spelled((64, 1)), spelled(0.123456)
    ('12,000', '0.05', '(64, 1)', '0.123')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, tuple):
        if value and all(isinstance(item, str) for item in value):
            return ", ".join(str(item) for item in value)
        inside = ", ".join(str(item) if isinstance(item, int) else f"{item:.3g}" for item in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return value


def worse(severity: Severity, than: Severity) -> bool:
    """Whether the first is as bad as the second, or worse.

    >>> worse("error", "warning"), worse("hint", "warning")
    (True, False)
    """
    return SEVERITIES.index(severity) <= SEVERITIES.index(than)
