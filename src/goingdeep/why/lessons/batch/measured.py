"""What batch measures."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from goingdeep.watch.moments.variant import Batch
from goingdeep.why.damage import Trial
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError
from goingdeep.why.memory import kept_for_backward
from goingdeep.why.scores import Score, Share, held, score_of
from goingdeep.why.trained import Pace, Trained, pace, train
from goingdeep.why.vectors import cosine

SIZES = (1, 8, 64, 512)
DRAWS = 6
LARGE = 4096
MOST = 8192
SHARE = 0.25
"""Of the seconds of an answer, what the gradient of all samples may take."""
"""Samples that stand for the whole training part."""


@dataclass(frozen=True)
class Direction:
    """Gradients of batches of this size: mean cosine with that of all samples, lowest and highest.

    seconds: for one sample, forward and backward.
    """

    size: int
    mean: float
    low: float
    high: float
    seconds: float


@dataclass(frozen=True)
class Sized:
    """A training by batches of one size. score: afterwards, on samples it was not trained on."""

    size: int
    steps: int
    samples: int
    trial: Trial
    score: Score


@dataclass(frozen=True)
class Found:
    """What was measured.

    size: of the recorded batches; samples: all of the moment's.
    sizes: the same samples once, in batches of other sizes, at the same learning rate. ordered: in
    the order of their labels; None where there are no classes to sort by.
    mixed: the score of the loop as it is. guessing: how many of as many samples are right by
    chance; None where there are no classes. distinct: labels in a batch, shuffled and in order.
    """

    size: int
    samples: int
    directions: list[Direction]
    pace: Pace
    sizes: list[Sized]
    ordered: Trial | None
    ordered_score: Score
    mixed: Score
    guessing: Share | None
    distinct: tuple[float, float]
    judged_by: str


def measure(lab: Lab) -> Found:
    """Gradients of one, some and all samples; other batch sizes; labels in order."""
    lab.need_rows()
    inputs, targets = _all(lab)
    size = len(lab.batches[0][0])
    at = pace(lab)
    batches, judged_by = held(lab)

    def score(model: nn.Module | None) -> Score:
        return score_of(lab, model, batches)

    ordered = None
    if lab.classes:
        ordered = train(lab, "labels in order", factor=at.factor, batches=_in_order(size))
    mixed = score(at.base.model)
    # As many samples as the loop itself had time for: sizes are compared by the same work.
    steps = len(at.base.trial.losses)
    inputs, targets = inputs[: steps * size], targets[: steps * size]
    others = {1, min(LARGE, len(inputs), _that_fit(lab))} - {size}
    sized = [_sized(lab, at, other, inputs, targets, score) for other in others]
    sized.append(Sized(size, steps, len(inputs), at.base.trial, mixed))
    sized.sort(key=lambda one: one.size)
    return Found(
        size=size,
        samples=len(inputs),
        directions=_directions(lab, inputs, targets),
        pace=at,
        sizes=sized,
        ordered=ordered.trial if ordered else None,
        ordered_score=score(ordered.model) if ordered and ordered.model else math.nan,
        mixed=mixed,
        guessing=Share(mixed.count // lab.classes, mixed.count)
        if isinstance(mixed, Share)
        else None,
        distinct=(_distinct(lab.batches), _distinct(_in_order(size)(lab.batches))),
        judged_by=judged_by,
    )


def _all(lab: Lab) -> Batch:
    """The samples of all batches, each once as far as they differ in place."""
    chosen: list[Batch] = []
    for batch in lab.batches:
        same = batch[0].shape[1:] == lab.batches[0][0].shape[1:]
        # A backward takes about twice as long as its forward.
        seconds = 3 * lab.forward_seconds * sum(len(x) for x, _ in chosen)
        in_time = seconds < SHARE * lab.experiment.bound.seconds
        if same and in_time and sum(len(x) for x, _ in chosen) < MOST:
            chosen.append(batch)
    inputs, targets = (torch.cat(parts) for parts in zip(*chosen, strict=True))
    if inputs.dim() < 2 or len(inputs) != len(targets):
        raise NoLabError("its batches are not one sample a row")
    return inputs, targets


def _that_fit(lab: Lab) -> int:
    """Samples in one batch whose activations take no more than a quarter of the memory allowed."""
    inputs = lab.batches[0][0]
    kept, _ = kept_for_backward(lab, lab.model(), inputs)
    return max(len(inputs), lab.experiment.bound.bytes // 4 * len(inputs) // max(1, kept))


def _in_order(size: int) -> Callable[[list[Batch]], list[Batch]]:
    def change(batches: list[Batch]) -> list[Batch]:
        inputs, targets = (torch.cat(parts) for parts in zip(*batches, strict=True))
        if targets.dim() == 1:
            order = targets.argsort(stable=True)
            inputs, targets = inputs[order], targets[order]
        return _split(inputs, targets, size)

    return change


def _split(inputs: Tensor, targets: Tensor, size: int) -> list[Batch]:
    return list(zip(inputs.split(size), targets.split(size), strict=True))


def _distinct(batches: list[Batch]) -> float:
    """How many different labels a batch has, on average."""
    return sum(len(y.unique()) for _, y in batches) / len(batches)


def _sized(
    lab: Lab,
    at: Pace,
    size: int,
    inputs: Tensor,
    targets: Tensor,
    score: Callable[[nn.Module | None], Score],
) -> Sized:
    """Every sample once, in batches of this size; what does not fit into the time is left out."""
    few = _split(inputs, targets, size)
    found: Trained = train(
        lab,
        f"batches of {size}",
        factor=at.factor,
        batches=lambda _: few,
        steps=len(few),
        share=0.25,
    )
    steps = len(found.trial.losses)
    samples = sum(len(x) for x, _ in few[:steps])
    return Sized(size, steps, samples, found.trial, score(found.model))


def _directions(lab: Lab, inputs: Tensor, targets: Tensor) -> list[Direction]:
    """Gradients at the moment's weights; in eval mode where BatchNorm would need more samples."""
    model = lab.model()
    if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in model.modules()):  # noqa: SLF001
        model.eval()
    whole = _gradient_of_all(lab, model, inputs, targets)
    draw = torch.Generator().manual_seed(0)
    found = []
    for size in SIZES:
        if size > len(inputs):
            break
        cosines, seconds = [], []
        for _ in range(DRAWS):
            chosen = torch.randperm(len(inputs), generator=draw)[:size].to(inputs.device)
            batch = inputs[chosen], targets[chosen]
            started = time.perf_counter()
            _, gradients = lab.gradients(model, batch)
            seconds.append((time.perf_counter() - started) / size)
            cosines.append(cosine(gradients, whole))
        mean = sum(cosines) / len(cosines)
        found.append(Direction(size, mean, min(cosines), max(cosines), min(seconds)))
    return found


def _gradient_of_all(lab: Lab, model: nn.Module, inputs: Tensor, targets: Tensor) -> list[Tensor]:
    total: list[Tensor] = []
    for part in _split(inputs, targets, 512):
        _, gradients = lab.gradients(model, part)
        weighted = [g * (len(part[0]) / len(inputs)) for g in gradients]
        total = [a + b for a, b in zip(total, weighted, strict=True)] if total else weighted
    return total
