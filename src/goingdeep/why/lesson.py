"""What a lesson is made of; each is a folder in `lessons/`, found by looking.

`lessons/<topic>/measured.py` holds

    Found                        the numbers, a dataclass
    measure(lab) -> Found        the experiment

and `lessons/<topic>/lesson.py`

    a docstring                  the page: question, short answer, sources, what to read next
    recorded(seen)               see it, from the record alone: blocks
    see(found)                   see it, from those numbers: blocks
    broken(found)                break it: blocks
    LESSON = Lesson(...)         which puts these together with the claims

Numbers are measured in one place and judged in another: a claim's verdict is a pure function of
what was measured, so that a test can change a number and see the verdict turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from goingdeep.record.answer import Blocks, ClaimFound, Number, Verdict
from goingdeep.record.encoding import finite
from goingdeep.record.reading import Seen

if TYPE_CHECKING:
    from goingdeep.why.lab import Lab

F = TypeVar("F")


class NotHereError(Exception):
    """A topic has nothing to say on this run. Its text is a sentence for the reader."""


class NoLabError(Exception):
    """The experiment cannot be done on this moment. Its text says why, without a full stop."""


@dataclass(frozen=True)
class Judged:
    """What became of a claim: the verdict, a sentence with the numbers, and these numbers."""

    verdict: Verdict
    because: str
    numbers: dict[str, Number]


def judged(verdict: Verdict, because: str, **numbers: Number) -> Judged:
    """A verdict, with a sentence that is filled in with the numbers that it rests on."""
    written = {n: finite(v) if isinstance(v, float) else v for n, v in numbers.items()}
    return Judged(verdict, because, written)


@dataclass(frozen=True)
class Claim(Generic[F]):
    """Something people believe. judge: what the measured numbers say of it."""

    text: str
    judge: Callable[[F], Judged]

    def found(self, measured: F) -> ClaimFound:
        """The claim with its verdict."""
        result = self.judge(measured)
        return ClaimFound(self.text, result.verdict, result.because, result.numbers)


@dataclass(frozen=True)
class Lesson(Generic[F]):
    """The experiment of one topic.

    measure: may raise NotHereError (the topic does not apply) and NoLabError. recorded: blocks from
        the record alone, shown above those of `see`; where a run has nothing to replay, alone.
    places: operations whose lines in the user's source belong to the topic.
    """

    measure: Callable[[Lab], F]
    see: Callable[[F], Iterable[Blocks]]
    broken: Callable[[F], Iterable[Blocks]]
    claims: tuple[Claim[F], ...]
    recorded: Callable[[Seen], Iterable[Blocks]]
    places: tuple[str, ...] = ()
