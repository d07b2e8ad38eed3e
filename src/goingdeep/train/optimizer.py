"""The optimizer, its learning rate at every step, and the loss, from the settings."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from goingdeep.data.images import I64
from goingdeep.train.settings import LossSettings, OptimizerSettings, ScheduleSettings


def make_optimizer(model: nn.Module, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """SGD or AdamW over all parameters that can be trained.

    `fused` does the whole update in one pass over memory: on a CPU it is the cheapest step there
    is, for the same arithmetic.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    # A bias or a BatchNorm scale has one axis; pulling it to zero only costs accuracy.
    decayed = [p for p in trainable if p.ndim > 1]
    others = [p for p in trainable if p.ndim <= 1]
    groups: list[dict[str, object]] = (
        [
            {"params": decayed, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ]
        if settings.weight_decay and decayed and others
        else [{"params": trainable, "weight_decay": settings.weight_decay}]
    )
    if settings.name == "adamw":
        return torch.optim.AdamW(groups, lr=settings.lr, fused=True)
    return torch.optim.SGD(
        groups, lr=settings.lr, momentum=settings.momentum, nesterov=settings.nesterov, fused=True
    )


def learning_rate(step: int, steps: int, peak: float, schedule: ScheduleSettings) -> float:
    """The learning rate of step 0 <= step < steps: a pure function, so a resume needs no state.

    "linear" and "cosine" rise in a line over the warm-up and fall to zero at the end of the run.

    >>> [learning_rate(s, 4, 0.1, ScheduleSettings("linear", warmup=0.5)) for s in range(4)]
    [0.0, 0.05, 0.1, 0.05]
    """
    if schedule.name == "constant":
        return peak
    done = step / steps
    if done < schedule.warmup:
        return peak * done / schedule.warmup
    left = (1 - done) / (1 - schedule.warmup) if schedule.warmup < 1 else 1.0
    return peak * (left if schedule.name == "linear" else 0.5 - 0.5 * math.cos(math.pi * left))


def learning_rates(
    first: int, steps: int, peak: float, schedule: ScheduleSettings
) -> Iterator[float]:
    """The learning rates from step `first` on."""
    return (learning_rate(step, steps, peak, schedule) for step in range(first, steps))


def make_loss(
    settings: LossSettings, labels: I64, classes: int, device: torch.device
) -> nn.CrossEntropyLoss:
    """Cross-entropy: the mean over the batch of -log softmax(logits)[label], in nats.

    With balanced class weights a class of n samples weighs N / (K * n), scikit-learn's rule; a
    class without a sample weighs nothing, since no label can name it.
    """
    weight = None
    if settings.class_weights == "balanced":
        counts = np.bincount(labels, minlength=classes)
        weights = np.where(counts > 0, len(labels) / (classes * np.maximum(counts, 1)), 0.0)
        weight = torch.tensor(weights, dtype=torch.float32, device=device)
    return nn.CrossEntropyLoss(weight=weight, label_smoothing=settings.label_smoothing)
