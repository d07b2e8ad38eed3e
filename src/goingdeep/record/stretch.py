"""Consecutive steps that were done in the same way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps `first` to `last`; `count` of them were done by this optimizer, all the same way.

    Which they are is known where all of them are, or where they come at even distances.
    """

    optimizer: int
    anatomy: int
    first: int
    last: int
    count: int
    thread: str = ""

    @property
    def whole(self) -> bool:
        """Whether no other optimizer did a step in between."""
        return self.count == self.last - self.first + 1

    def goes_on_with(self, other: Stretch) -> bool:
        """Whether a later stretch does the same, at the same distances, with nothing missing."""
        distance = max(self._distance, other._distance)
        return self.anatomy == other.anatomy and 1 <= other.first - self.last <= distance

    @property
    def _distance(self) -> int:
        """The largest number of steps from one of these to the next, if they come evenly."""
        return -(-(self.last - self.first) // (self.count - 1)) if self.count > 1 else 1

    def holds(self, step: int) -> bool:
        """Whether a step can be one of these; certain unless the turns were uneven."""
        if not self.first <= step <= self.last:
            return False
        span, turns = self.last - self.first, self.count - 1
        return not turns or span % turns != 0 or (step - self.first) % (span // turns) == 0
