"""What of a moment an answer has time for: all of it, its first steps, or smaller batches of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from goingdeep.watch.moments.moment import CannotReplayError, Moment
from goingdeep.watch.moments.replay import replay
from goingdeep.watch.moments.variant import Batch, Variant
from goingdeep.why.pairs import in_rows

STEPS = (48, 36, 24, 16)
"""How many steps a replay has where those of the moment are too many; few numbers, so that an answer
does not depend on the last microsecond. Where even the last is too many, batches are made smaller."""

SMALLEST = 8
"""Samples of a batch: BatchNorm learns little from fewer."""

LEAST = 3
"""Steps below which nothing can be said of a replay."""


@dataclass(frozen=True)
class Fit:
    """What each replay of an answer does.

    steps: how many; recorded: the loss of each, in the loop unchanged. said: a sentence where that is
    less than the moment, else "". batches: smaller ones of the same samples; empty for the moment's.
    """

    steps: int
    recorded: list[float]
    said: str = ""
    batches: list[Batch] = field(default_factory=list)


def fitted(moment: Moment, steps: int, seconds: float) -> Fit:
    """Let a replay fit into its seconds.

    Args:
        moment: a verified one, which knows what a step costs.
        steps: the most.
        seconds: of one replay.
    """
    recorded = moment.losses
    if steps * moment.cost <= seconds:
        return Fit(steps, recorded[:steps])
    cost = f"A step takes {moment.cost:.2g} seconds here"
    fewer = next((n for n in STEPS if n < steps and n * moment.cost <= seconds), 0)
    if not fewer:
        smaller = _smaller(moment, seconds, cost)
        if smaller is not None:
            return smaller
        fewer = max(2, int(seconds / moment.cost))
    steps = min(steps, fewer)
    said = f"{cost}, so all that follows is done on the first {steps} steps."
    return Fit(steps, recorded[:steps], said)


def _smaller(moment: Moment, seconds: float, cost: str) -> Fit | None:
    """Smaller batches of the samples; None where the loop has not one batch a step."""
    try:
        batches = moment.batches()
    except CannotReplayError:
        return None
    if not all(map(in_rows, batches)):
        return None
    size = SMALLEST
    while 2 * size * STEPS[-1] * moment.cost <= seconds * len(batches[0][0]):
        size *= 2
    parts = [part for x, y in batches for part in zip(x.split(size), y.split(size), strict=True)]
    chosen = [part for part in parts if len(part[0]) == size][: STEPS[-1]]
    if not chosen:
        return None
    unchanged = Variant(batches=lambda _: chosen)
    found = replay(moment, variant=unchanged, steps=STEPS[-1], seconds=2 * seconds)
    if found.error or len(found.losses) < LEAST:
        return None
    said = (
        f"{cost}, so all that follows is done on the same samples in batches of {size}, "
        f"{len(found.losses)} steps each; as recorded is the loop unchanged on these."
    )
    return Fit(len(found.losses), found.losses, said, chosen)
