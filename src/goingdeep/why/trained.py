"""Training on from the moment: the loss on the way, and what became of the model.

Many recipes learn so slowly that nothing is seen in some dozens of steps (the quickstart's learning
rate needs thousands). So that a mistake can be told from its absence, experiments are done at a pace
at which something is learned: at the recorded learning rate, or at a multiple of it, which is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from goingdeep.watch.moments.player import Player
from goingdeep.watch.moments.variant import Variant
from goingdeep.why.damage import RECORDED, Trial, last
from goingdeep.why.lab import Lab

FACTORS = (100.0, 10.0, 0.1)
LEARNS = 0.9
"""Something is learned where the loss ends at no more than this part of where it began."""


@dataclass(frozen=True)
class Trained:
    """A replay's curve, and the model as it is after it; None where it raised at once."""

    trial: Trial
    model: nn.Module | None


@dataclass(frozen=True)
class Pace:
    """At which multiple of the recorded learning rate an experiment is done; base: the loop at it.

    slow: whether that is so because the recorded one is too slow; else its loss goes up.
    """

    factor: float
    base: Trained
    slow: bool = True

    @property
    def learns(self) -> bool:
        """Whether the loss falls clearly in it."""
        losses = self.base.trial.losses
        return bool(losses) and self.base.trial.end <= LEARNS * losses[0]

    @property
    def said(self) -> str:
        """A sentence about it; "" where the rate is the recorded one."""
        if self.factor == 1:
            return ""
        steps = len(self.base.trial.losses)
        why = (
            f"{steps} steps are too few to see anything"
            if self.slow
            else f"the loss rises over these {steps} steps"
        )
        return (
            f"All of these at {self.factor:g} times the recorded learning rate: at the recorded one "
            f"{why}."
        )


def train(
    lab: Lab,
    name: str,
    *,
    factor: float = 1.0,
    steps: int | None = None,
    share: float = 0.3,
    **changes: Any,
) -> Trained:
    """The moment trained with something changed.

    Args:
        name: for the curve. factor: on the learning rate. steps: other than the lab's.
        changes: as in `Variant`.
    """
    kept: list[nn.Module] = []

    def look(player: Player) -> None:
        kept[:] = list(player.models.values())

    rate = changes.pop("rate", 1.0) * factor
    trial = lab.trial(Variant(name, rate=rate, **changes), look=look, steps=steps, share=share)
    return Trained(trial, kept[0] if kept else None)


def pace(lab: Lab) -> Pace:
    """The recorded learning rate, or another one at which the loss falls.

    A rate that is too small is raised; one at which these steps go up (a warm-up that has just reached
    its top) is lowered.
    """
    start, end = lab.recorded[0], last(lab.recorded)
    if not end <= LEARNS * start:
        for factor in FACTORS if end <= start else reversed(FACTORS):
            found = train(lab, f"learning rate x{factor:g}", factor=factor, share=0.2)
            if found.trial.end <= LEARNS * start:
                return Pace(factor, found, end <= start)
    return Pace(1, train(lab, RECORDED, share=0.2))


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """f32[N,K]: 1 at the label."""
    return nn.functional.one_hot(labels, classes).float()
