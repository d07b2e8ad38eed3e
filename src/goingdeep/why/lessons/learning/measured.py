"""What learning measures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from goingdeep.record.look import Weight
from goingdeep.show.numbers import exact as shown
from goingdeep.show.worked import worked
from goingdeep.watch.moments.player import Player
from goingdeep.watch.moments.variant import Variant
from goingdeep.watch.reading.exact import exact
from goingdeep.watch.steps.optimizers import settings_of
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
    model's numbers changed in it, of how many. weight: one of them over this step, worked by hand.
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
    weight: list[str]
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
    lab.need_rows()
    before, after, moved, numbers, weight = _one_step(lab)
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
        weight=weight,
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


def _one_step(lab: Lab) -> tuple[float, float, int, int, list[str]]:
    """The loss of the first batch before and after the recorded step on it, and one weight's way."""
    batch = lab.batches[0]
    start = lab.model()
    after: list[nn.Module] = []
    optimizers: list[torch.optim.Optimizer] = []

    def look(player: Player) -> None:
        after[:] = list(player.models.values())
        optimizers[:] = list(player.optimizers.values())

    lab.replay(Variant(), steps=1, look=look)
    values = []
    for model in (start, *after):
        lab.seed()
        model.train(start.training)
        with torch.no_grad():
            values.append(float(lab.loss(lab.outputs(model, batch[0]), batch[1])))
    pairs = list(zip(lab.model().parameters(), after[0].parameters(), strict=True))
    moved = sum(int((a != b).sum()) for a, b in pairs)
    by_hand = _by_hand(lab.moment.optimizers[0], optimizers[0], after[0]) if optimizers else []
    return values[0], values[-1], moved, sum(a.numel() for a, _ in pairs), by_hand


def _by_hand(
    before: torch.optim.Optimizer, after: torch.optim.Optimizer, model: nn.Module
) -> list[str]:
    """The weight of the last matrix with the largest gradient, from the numbers that its step had."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    owned = [
        (old, new, group)
        for earlier, group in zip(before.param_groups, after.param_groups, strict=True)
        for old, new in zip(earlier["params"], group["params"], strict=True)
        if new.grad is not None and new.grad.numel() and not new.grad.is_sparse and id(new) in names
    ]
    if not owned:
        return []
    old, new, group = max(enumerate(owned), key=lambda one: (one[1][0].dim() > 1, one[0]))[1]
    assert new.grad is not None
    place = int(new.grad.abs().argmax())
    at = torch.unravel_index(torch.tensor(place), new.shape) if new.dim() else ()

    def value(tensor: Tensor) -> float | str:
        number = tensor.detach() if not tensor.dim() else tensor.detach().reshape(-1)[place]
        return exact(float(number), tensor.dtype)

    def state(optimizer: torch.optim.Optimizer, parameter: Tensor) -> dict[str, float | str]:
        kept = optimizer.state.get(parameter, {})
        fits = {k: v for k, v in kept.items() if isinstance(v, Tensor)}
        return {k: value(v) for k, v in fits.items() if v.shape in {new.shape, torch.Size()}}

    weight = Weight(
        model=-1,
        name=names[id(new)],
        at=tuple(int(i) for i in at),
        before=value(old),
        gradient=value(new.grad),
        after=value(new),
        state_before=state(before, old),
        state_after=state(after, new),
    )
    lines = worked(weight, type(after).__name__, settings_of(group))
    return [*lines, f"PyTorch {shown(weight.after)}"]


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
