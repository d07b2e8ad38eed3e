"""What cross-entropy measures. Axes: N samples, K classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from goingdeep.why.damage import Trial
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError
from goingdeep.why.scores import Share, accuracy, held
from goingdeep.why.trained import Pace, one_hot, pace, train
from goingdeep.why.vectors import norm

SURE = (0.5, 0.1, 0.01, 0.0001)
"""Probabilities of the right class, from half sure to confidently wrong."""


@dataclass(frozen=True)
class Pull:
    """How hard each loss pulls at the score of the right class, at probability `right` of it."""

    right: float
    cross_entropy: float
    squared: float
    absolute: float


@dataclass(frozen=True)
class Distances:
    """Of two predictions for the label [1, 0]: the nearer and the farther one."""

    absolute: tuple[float, float]
    squared: tuple[float, float]
    cross_entropy: tuple[float, float]


@dataclass(frozen=True)
class Found:
    """What was measured.

    sample, label: the one that is worked; scores, probabilities: of it, K of each. by_hand: its
    loss worked in double precision, pytorch: its loss by F.cross_entropy.
    gradient, expected: with respect to the scores, by autograd, and softmax - onehot.
    batch, geometric: the mean loss of the batch, and the geometric mean of the probability of the
    right class.
    perfect: cross-entropy of probabilities that are exactly right, given as if they were scores.
    one_hot: the loss with one-hot floats as targets, next to labels: the same numbers?
    slopes: norm of all gradients under each loss at the moment's weights.
    single: norm of the gradients of a cross-entropy over one output (a regression).
    shares: accuracy after training by each loss; judged_by: on what.
    """

    classes: int
    sample: int
    label: int
    scores: list[float]
    probabilities: list[float]
    by_hand: float
    pytorch: float
    gradient: list[float]
    expected: list[float]
    batch: float
    geometric: float
    pulls: list[Pull]
    distances: Distances
    perfect: float
    one_hot: tuple[float, float]
    slopes: dict[str, float]
    single: float
    pace: Pace
    trials: list[Trial]
    shares: dict[str, Share]
    judged_by: str


def squared(outputs: Tensor, labels: Tensor) -> Tensor:
    """Squared distance of probabilities from one-hot labels, summed over classes."""
    return (outputs.softmax(1) - one_hot(labels, outputs.shape[1])).square().sum(1).mean()


def absolute(outputs: Tensor, labels: Tensor) -> Tensor:
    """Absolute distance of probabilities from one-hot labels, summed over classes."""
    return (outputs.softmax(1) - one_hot(labels, outputs.shape[1])).abs().sum(1).mean()


def measure(lab: Lab) -> Found:
    """One sample by hand, its gradients, and the moment trained by other losses."""
    classes = lab.need_classes("Cross-entropy")
    scores, labels = lab.scores.float(), lab.batches[0][1]
    keep = labels >= 0  # ignored labels are negative
    scores, labels = scores[keep], labels[keep]
    if not len(labels):
        raise NoLabError("every label of the first batch is ignored")
    losses = F.cross_entropy(scores, labels, reduction="none")
    sample = int(losses.argmax())
    row, label = scores[sample], int(labels[sample])
    base = pace(lab)
    batches, judged_by = held(lab)
    others = [
        train(lab, "squared error", factor=base.factor, loss=squared),
        train(lab, "absolute error", factor=base.factor, loss=absolute),
        train(lab, "softmax before it", factor=base.factor, before_loss=lambda x: x.softmax(1)),
        train(lab, "label smoothing 0.1", factor=base.factor, loss=_smoothed),
    ]
    return Found(
        classes=classes,
        sample=sample,
        label=label,
        scores=row.tolist(),
        probabilities=row.softmax(0).tolist(),
        by_hand=_by_hand(row.tolist(), label),
        pytorch=float(losses[sample]),
        gradient=_gradient(row, label),
        expected=(row.softmax(0) - one_hot(labels[sample], classes)).tolist(),
        batch=float(losses.mean()),
        geometric=math.exp(float(scores.log_softmax(1).gather(1, labels[:, None]).mean())),
        pulls=[_pull(row, label, right) for right in SURE],
        distances=_distances(),
        perfect=float(F.cross_entropy(one_hot(labels, classes), labels)),
        one_hot=(float(losses.mean()), float(F.cross_entropy(scores, one_hot(labels, classes)))),
        slopes={
            "cross-entropy": _slope(lab, F.cross_entropy),
            "squared error": _slope(lab, squared),
            "absolute error": _slope(lab, absolute),
        },
        single=_slope(
            lab, lambda outputs, _: F.cross_entropy(outputs[:, :1], outputs[:, :1] * 0 + 1)
        ),
        pace=base,
        trials=[other.trial for other in others],
        shares={
            found.trial.name: accuracy(lab, found.model, batches)
            for found in (base.base, *others)
            if found.model is not None and not found.trial.error
        },
        judged_by=judged_by,
    )


def _by_hand(scores: list[float], label: int) -> float:
    """Minus the logarithm of the softmax of the label, in double precision."""
    highest = max(scores)  # taken off above and below the line: e^1000 has no float
    total = sum(math.exp(score - highest) for score in scores)
    return math.log(total) - (scores[label] - highest)


def _gradient(row: Tensor, label: int) -> list[float]:
    leaf = row.detach().clone()[None].requires_grad_()
    F.cross_entropy(leaf, torch.tensor([label], device=row.device)).backward()
    assert leaf.grad is not None
    values: list[float] = leaf.grad[0].tolist()
    return values


def _pull(row: Tensor, label: int, right: float) -> Pull:
    """The sample with its label's score moved so that softmax gives it this probability."""
    others = torch.cat((row[:label], row[label + 1 :])).double()
    moved = row.double().clone()
    moved[label] = math.log(right / (1 - right)) + float(others.logsumexp(0))
    labels = torch.tensor([label], device=row.device)
    found = []
    for loss in (F.cross_entropy, squared, absolute):
        leaf = moved.clone()[None].requires_grad_()
        loss(leaf, labels).backward()
        assert leaf.grad is not None
        found.append(abs(float(leaf.grad[0, label])))
    return Pull(right, *found)


def _distances() -> Distances:
    label = torch.tensor([1.0, 0.0])
    near, far = torch.tensor([0.8, 0.2]), torch.tensor([0.6, 0.4])
    return Distances(
        absolute=(float((label - near).abs().sum()), float((label - far).abs().sum())),
        squared=(float((label - near).square().sum()), float((label - far).square().sum())),
        cross_entropy=(-math.log(0.8), -math.log(0.6)),
    )


def _slope(lab: Lab, loss: object) -> float:
    """The norm of all gradients under another loss, for the moment's first batch."""
    model = lab.model()
    lab.seed()
    inputs, labels = lab.batches[0]
    loss(lab.outputs(model, inputs), labels).backward()  # type: ignore[operator]
    return norm([p.grad for p in nn.Module.parameters(model) if p.grad is not None])


def _smoothed(outputs: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(outputs, labels, label_smoothing=0.1)
