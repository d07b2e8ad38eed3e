"""Steps and their operations, as rules count them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goingdeep.record.seen import Anatomy, Op

MOST_REPEATS = 3
"""How often a repeating block of operations is written out: enough to see any order in it."""

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Streak:
    """Consecutive steps of one optimizer that have something in common.

    first, last: numbers of the steps; count: how many of them are this optimizer's.
    anatomy: that of the first.
    """

    optimizer: int
    first: int
    last: int
    count: int
    anatomy: int


def gradient_state(op: Op, optimizer: int) -> str:
    """What an operation says of an optimizer's gradients; "unknown" where it does not say."""
    text = op.facts.get("grads")
    if not isinstance(text, str):
        return UNKNOWN
    if ":" not in text:
        return text
    for part in text.split():
        number, _, state = part.partition(":")
        if number == str(optimizer):
            return state
    return UNKNOWN


def written_out(anatomy: Anatomy) -> Iterator[Op]:
    """The operations of one way of stepping; a block that repeats stands a few times."""
    for block in anatomy.blocks:
        for _ in range(min(block.times, MOST_REPEATS)):
            yield from block.ops
