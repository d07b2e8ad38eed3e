"""What a replay does to an optimizer's groups and gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def owned(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The parameters that an optimizer updates."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def at_rate(settings: dict[str, Any], rate: float) -> dict[str, Any]:
    """Settings of a group, with the learning rate multiplied."""
    changed = {k: v.clone() if isinstance(v, Tensor) else v for k, v in settings.items()}
    return {k: v * rate if k == "lr" else v for k, v in changed.items()}


def set_groups(optimizer: torch.optim.Optimizer, settings: list[dict[str, Any]]) -> None:
    """Change settings of an optimizer's groups."""
    groups = optimizer.param_groups
    for group, changed in zip(groups, settings, strict=True):
        group.update(changed)
    if optimizer.param_groups is not groups and any(settings):
        optimizer.param_groups = groups  # some make them anew whenever they are asked (fastai)


def clear(parameters: list[Tensor], *, to_none: bool) -> None:
    """Clear gradients, as `zero_grad` does."""
    for parameter in parameters:
        if to_none:
            parameter.grad = None
        elif parameter.grad is not None:
            parameter.grad.zero_()


def turn(parameters: list[Tensor]) -> None:
    """Turn the sign of every gradient."""
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.neg_()
