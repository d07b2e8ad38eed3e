"""How good a model is: the share of right answers, or the mean loss where there are no classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from goingdeep.show.numbers import number, percent
from goingdeep.watch.moments.variant import Batch
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError
from goingdeep.why.pairs import in_rows

MOST_BATCHES = 8
MOST_SAMPLES = 2_000
FEWEST_SAMPLES = 100
LEAST_AT_ONCE = 16
SHARE = 0.025
"""Of the seconds of an answer, what judging one model may take; lessons judge up to seven."""


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


def held(lab: Lab, *, leave_out: int = 0) -> tuple[list[Batch], str]:
    """Batches to judge a model by, and what they are: "test samples", or of the moment itself.

    They are no larger than those of the loop, whose model and memory are made for these.

    Args:
        leave_out: how many of the first samples are not among them.
    Raises:
        NoLabError: a batch is not one sample a row.
    """
    tests = [batch for batch in lab.experiment.tests if in_rows(batch)]
    name = "test samples" if tests else "samples of the moment's last batches"
    allowed = SHARE * lab.experiment.bound.seconds / max(lab.forward_seconds, 1e-9)
    most = max(FEWEST_SAMPLES, min(MOST_SAMPLES, int(allowed)))
    chosen: list[Batch] = []
    room, size = most, max(LEAST_AT_ONCE, lab.batch_size)
    for inputs, labels in tests or filter(in_rows, lab.batches[-MOST_BATCHES:]):
        first, leave_out = min(leave_out, len(inputs)), max(0, leave_out - len(inputs))
        few = inputs[first : first + room], labels[first : first + room]
        if len(few[0]):
            chosen += zip(*(part.split(size) for part in few), strict=True)
            room -= len(few[0])
    if not chosen:
        raise NoLabError("its batches are not one sample a row")
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


Score = Share | float
"""Right answers, or a mean loss."""


def score_of(lab: Lab, model: nn.Module | None, batches: list[Batch]) -> Score:
    """The accuracy where the loop has classes, else the mean loss.

    Changes: the model's mode.
    """
    return accuracy(lab, model, batches) if lab.classes else mean_loss(lab, model, batches)


def value_of(score: Score) -> float:
    """The share, 0 to 1, or the loss."""
    return score.value if isinstance(score, Share) else score


def better(one: Score, other: Score) -> bool:
    """Whether one is clearly better: by more than chance, or a loss lower by a tenth."""
    if isinstance(one, Share) and isinstance(other, Share):
        return one.clearly_above(other)
    return value_of(one) < 0.9 * value_of(other)


def in_words(score: Score) -> str:
    """As part of a sentence.

    >>> in_words(Share(3, 4)), in_words(0.25)
    ('75 % right', 'a loss of 0.25')
    """
    return (
        f"{percent(score.value)} right"
        if isinstance(score, Share)
        else f"a loss of {number(score)}"
    )
