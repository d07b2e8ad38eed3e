"""Training on from the moment: what became of the model, and how good it is.

Many recipes learn so slowly that nothing is seen in some dozens of steps (the quickstart's learning
rate needs thousands). So that a mistake can be told from its absence, experiments are done at a pace
at which something is learned: at the recorded learning rate, or at a multiple of it, which is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from goingdeep.watch.player import Player
from goingdeep.watch.variant import Batch, Variant
from goingdeep.why.damage import RECORDED, Trial, last
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError

FACTORS = (100.0, 10.0, 0.1)
LEARNS = 0.9
"""Something is learned where the loss ends at no more than this part of where it began."""
MOST_BATCHES = 8
MOST_SAMPLES = 2_000
FEWEST_SAMPLES = 100
SHARE = 0.04
"""Of the seconds of an answer, what judging one model may take; lessons judge up to seven."""


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


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    right: int
    count: int

    @property
    def value(self) -> float:
        """0 to 1."""
        return self.right / self.count if self.count else 0.0

    def clearly_above(self, other: Share) -> bool:
        """By more than two standard errors of the difference."""
        spread: float = sum(s.value * (1 - s.value) / max(1, s.count) for s in (self, other))
        return bool(self.value - other.value > 2 * math.sqrt(spread))


def held(lab: Lab) -> tuple[list[Batch], str]:
    """Batches to judge a model by, and what they are: "test images", or of the moment itself."""
    tests = [batch for batch in lab.experiment.tests if len(batch) == 2]
    name = "test samples" if tests else "samples of the moment's last batches"
    allowed = SHARE * lab.experiment.bound.seconds / max(lab.forward_seconds, 1e-9)
    most = max(FEWEST_SAMPLES, min(MOST_SAMPLES, int(allowed)))
    chosen: list[Batch] = []
    for inputs, labels in tests or lab.batches[-MOST_BATCHES:]:
        room = most - sum(len(x) for x, _ in chosen)
        if room > 0:
            chosen.append((inputs[:room], labels[:room]))
    return chosen, name


def accuracy(lab: Lab, model: nn.Module | None, batches: list[Batch]) -> Share:
    """How many labels have the highest score, in eval mode.

    Changes: the model's mode.
    """
    if model is None:
        raise NoLabError("the model could not be trained on")
    model.eval()
    right = 0
    with torch.no_grad():
        for inputs, labels in batches:
            right += int((lab.outputs(model, inputs).argmax(1) == labels).sum())
    return Share(right, sum(len(labels) for _, labels in batches))


def mean_loss(lab: Lab, model: nn.Module | None, batches: list[Batch]) -> float:
    """The recorded loss over these batches, in eval mode.

    Changes: the model's mode.
    """
    if model is None:
        raise NoLabError("the model could not be trained on")
    model.eval()
    total = 0.0
    with torch.no_grad():
        for inputs, labels in batches:
            total += len(inputs) * float(lab.loss(lab.outputs(model, inputs), labels))
    return total / sum(len(inputs) for inputs, _ in batches)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """f32[N,K]: 1 at the label."""
    return nn.functional.one_hot(labels, classes).float()
