"""Single samples of a loss, exact, so that each can be worked by hand.

Axes in this file: N samples, K classes, M outputs of a sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from goingdeep.record.look import Row
from goingdeep.watch.reading.exact import exact, exact_values
from goingdeep.watch.reading.tensors import plain, readable

SAMPLES = 16
MOST_LOSSES = 1024
MOST_SCORES = 1 << 20
"""Scores of a batch whose every loss is kept; a vocabulary's take too long."""

MOST_CLASSES = 64
"""With more classes the `TOP` scores, the label's, and the logsumexp of the rest are kept."""

TOP = 8
NO_REDUCTION = 0
OVER_CLASSES = ("cross_entropy", "nll_loss")
BY_OUTPUT: dict[str, tuple[Any, tuple[str, ...]]] = {
    "binary_cross_entropy_with_logits": (
        torch.ops.aten.binary_cross_entropy_with_logits, ("weight", "pos_weight"),
    ),
    "binary_cross_entropy": (torch.ops.aten.binary_cross_entropy, ("weight",)),
    "mse_loss": (torch.ops.aten.mse_loss, ()),
}  # fmt: skip
"""Losses in which each output has a target of its own: PyTorch's operator, and its weights."""


class Single(NamedTuple):
    """A loss by sample. rows: the first ones, exact; losses: f4[N] of all, where they are few."""

    rows: tuple[Row, ...] = ()
    losses: npt.NDArray[np.float32] | None = None


def rows(
    function: str, scores: Tensor, labels: Tensor | None, settings: Mapping[str, Any]
) -> Single:
    """Nothing where this is no loss of [N,K] scores with one label a sample, nor one by output."""
    if labels is None or readable(scores) or readable(labels):
        return Single()
    if function in BY_OUTPUT:
        return _by_output(function, scores, labels, settings)
    if function not in OVER_CLASSES:
        return Single()
    if scores.dim() != 2 or labels.dim() != 1 or not scores.numel() or len(scores) != len(labels):
        return Single()
    if labels.is_floating_point() or not scores.is_floating_point():
        return Single()
    few = len(scores) <= MOST_LOSSES and scores.numel() <= MOST_SCORES
    most = MOST_LOSSES if few else SAMPLES
    scores = plain(scores).detach()[:most]
    labels = plain(labels).detach()[:most]
    losses = _losses(function, scores, labels, settings)
    chosen = _rows(scores[:SAMPLES], labels[:SAMPLES], losses)
    if losses is None or not few:
        return Single(chosen)
    return Single(chosen, losses.to(torch.float32, copy=True).cpu().numpy())


def _rows(scores: Tensor, labels: Tensor, losses: Tensor | None) -> tuple[Row, ...]:
    count, width = scores.shape
    said: Sequence[float | str | None] = (
        [None] * count if losses is None else exact_values(losses[:count])
    )
    every = list(zip(range(count), labels.tolist(), said, strict=True))
    if width <= MOST_CLASSES:
        flat = exact_values(scores.reshape(-1))
        return tuple(
            Row(sample, tuple(flat[sample * width : (sample + 1) * width]), label, loss=loss)
            for sample, label, loss in every
        )
    return tuple(_shortened(n, scores[n], label, loss) for n, label, loss in every)


def _shortened(sample: int, scores: Tensor, label: int, loss: float | str | None) -> Row:
    classes = scores.topk(TOP).indices.tolist()
    if 0 <= label < len(scores) and label not in classes:
        classes.append(label)
    left = torch.ones(len(scores), dtype=torch.bool, device=scores.device)
    left[classes] = False
    rest = torch.logsumexp(scores[left].double(), 0).item()
    return Row(
        sample, tuple(exact_values(scores[classes])), label, tuple(classes),
        exact(rest, torch.float64), loss,
    )  # fmt: skip


def _by_output(
    function: str, outputs: Tensor, targets: Tensor, settings: Mapping[str, Any]
) -> Single:
    """The same of outputs [N,...] that have each a target."""
    count = len(outputs) if outputs.dim() else 0
    if outputs.shape != targets.shape or not count or not outputs.numel():
        return Single()
    if not outputs.is_floating_point() or not targets.is_floating_point():
        return Single()
    few = count <= MOST_LOSSES and outputs.numel() <= MOST_SCORES
    most = MOST_LOSSES if few else SAMPLES
    operator, names = BY_OUTPUT[function]
    weights = [_weight(settings.get(name), outputs, most) for name in names]
    outputs = plain(outputs).detach()[:most]
    targets = plain(targets).detach()[:most]
    try:
        losses = operator(outputs, targets, *weights, NO_REDUCTION).reshape(len(outputs), -1)
    except (RuntimeError, TypeError):  # a weight that is no tensor, or of another shape
        return Single()
    every = zip(
        *(t.reshape(len(outputs), -1)[:SAMPLES] for t in (outputs, targets, losses)), strict=True
    )
    chosen = tuple(_output_row(sample, *three) for sample, three in enumerate(every))
    means = losses.mean(1, dtype=torch.float32)
    return Single(chosen, means.cpu().numpy() if few else None)


def _weight(weight: Any, outputs: Tensor, most: int) -> Any:
    if not isinstance(weight, Tensor) or readable(weight):
        return weight
    weight = plain(weight).detach()
    return weight[:most] if weight.shape == outputs.shape else weight


def _output_row(sample: int, outputs: Tensor, targets: Tensor, losses: Tensor) -> Row:
    mean = exact(losses.mean().item(), losses.dtype)
    if len(outputs) <= MOST_CLASSES:
        return Row(
            sample, tuple(exact_values(outputs)), loss=mean, targets=tuple(exact_values(targets))
        )
    places = losses.topk(TOP).indices
    rest = losses.double().sum() - losses[places].double().sum()
    return Row(
        sample, tuple(exact_values(outputs[places])), classes=tuple(places.tolist()),
        rest=exact(rest.item(), torch.float64), loss=mean,
        targets=tuple(exact_values(targets[places])),
    )  # fmt: skip


def _losses(
    function: str, scores: Tensor, labels: Tensor, settings: Mapping[str, Any]
) -> Tensor | None:
    """PyTorch's own loss of each sample, before any mean; None where it cannot be asked for.

    The operator is called below every place where a function can be wrapped: not even our own
    watcher may take it for a loss of the program's.
    """
    weight = settings.get("weight")
    ignored = settings.get("ignore_index", -100)
    smoothing = settings.get("label_smoothing", 0.0)
    unknown = weight is not None and (not isinstance(weight, Tensor) or readable(weight))
    if unknown or not isinstance(ignored, int) or not isinstance(smoothing, int | float):
        return None
    weight = None if weight is None else plain(weight).detach()
    try:
        if function == "cross_entropy":
            losses: Tensor = torch.ops.aten.cross_entropy_loss(
                scores, labels, weight, NO_REDUCTION, ignored, float(smoothing)
            )
        else:
            losses = torch.ops.aten.nll_loss(scores, labels, weight, NO_REDUCTION, ignored)
    except (RuntimeError, IndexError):  # a label out of range: the program's own call fails too
        return None
    return losses
