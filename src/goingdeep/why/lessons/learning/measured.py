"""What learning measures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from goingdeep.watch.moments.player import Player
from goingdeep.watch.moments.variant import Variant
from goingdeep.why.damage import Trial
from goingdeep.why.lab import Lab
from goingdeep.why.scores import Share, accuracy, held, mean_loss
from goingdeep.why.trained import Pace, pace, train

FEW = 16
"""Samples that are learned by heart: as few as a model of any size can hold."""

SHARPER = 20


@dataclass(frozen=True)
class Likelihood:
    """The loss of the first batch as a likelihood. nll: mean of -ln(probability of the label).

    loss: as recorded; geometric: geometric mean of the probabilities of the labels.
    sharp: loss and nll with all scores SHARPER times as large: a model that only guesses cannot tell a
    smoothed loss from another one.
    """

    classes: int
    nll: float
    loss: float
    geometric: float
    sharp: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Judge:
    """A model on samples it was not trained on. right: None where there are no classes."""

    loss: float
    right: Share | None


@dataclass(frozen=True)
class Found:
    """What was measured.

    before, after: the loss of one batch, before and after one step on it. moved: how many of the
    model's numbers changed in it, of how many.
    trials: no step, uphill, the learning rate times and divided by 100.
    start, end: the model before the moment and after it (at `pace`), judged by samples it was not
    trained on. few: the same for a model that saw FEW samples again and again; few_loss: its loss on
    these; end_loss: that of the other on the batches it was trained on last.
    """

    recorded: list[float]
    before: float
    after: float
    moved: int
    numbers: int
    likelihood: Likelihood | None
    trials: list[Trial]
    pace: Pace
    start: Judge
    end: Judge
    few: Judge
    few_loss: float
    end_loss: float
    judged_by: str


def measure(lab: Lab) -> Found:
    """One step; the moment trained in wrong ways; some samples learned by heart."""
    before, after, moved, numbers = _one_step(lab)
    trials = [
        lab.trial(Variant("no step", step=False), share=0.15),
        lab.trial(Variant("a step uphill", uphill=True), share=0.15),
        lab.trial(Variant("learning rate x100", rate=100.0), share=0.15),
        lab.trial(Variant("learning rate /100", rate=0.01), share=0.15),
    ]
    at = pace(lab)
    inputs, targets = lab.batches[0]
    handful = (inputs[:FEW], targets[:FEW])
    few = train(lab, "by heart", factor=at.factor, batches=lambda _: [handful])
    batches, judged_by = held(lab)

    def judge(model: nn.Module | None) -> Judge:
        right = accuracy(lab, model, batches) if lab.classes else None
        return Judge(mean_loss(lab, model, batches), right)

    return Found(
        recorded=lab.recorded,
        before=before,
        after=after,
        moved=moved,
        numbers=numbers,
        likelihood=_likelihood(lab),
        trials=trials,
        pace=at,
        start=judge(lab.model()),
        end=judge(at.base.model),
        few=judge(few.model),
        few_loss=mean_loss(lab, few.model, [handful]),
        end_loss=mean_loss(lab, at.base.model, lab.batches[-8:]),
        judged_by=judged_by,
    )


def _one_step(lab: Lab) -> tuple[float, float, int, int]:
    """The loss of the first batch before and after the recorded step on it."""
    batch = lab.batches[0]
    start = lab.model()
    after: list[nn.Module] = []

    def look(player: Player) -> None:
        after[:] = list(player.models.values())

    lab.replay(Variant(), steps=1, look=look)
    values = []
    for model in (start, *after):
        lab.seed()
        model.train(start.training)
        with torch.no_grad():
            values.append(float(lab.loss(lab.outputs(model, batch[0]), batch[1])))
    pairs = list(zip(lab.model().parameters(), after[0].parameters(), strict=True))
    moved = sum(int((a != b).sum()) for a, b in pairs)
    return values[0], values[-1], moved, sum(a.numel() for a, _ in pairs)


def _likelihood(lab: Lab) -> Likelihood | None:
    if not lab.classes:
        return None
    scores, labels = lab.scores.float(), lab.batches[0][1]
    keep = labels >= 0  # ignored labels are negative
    nll = float(F.cross_entropy(scores[keep], labels[keep]))
    sharper = SHARPER * lab.scores.float()
    with torch.no_grad():
        sharp = (
            float(lab.loss(sharper, labels)),
            float(F.cross_entropy(sharper[keep], labels[keep])),
        )
    return Likelihood(lab.classes, nll, lab.recorded[0], math.exp(-nll), sharp)
