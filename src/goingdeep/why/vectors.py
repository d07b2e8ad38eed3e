"""Gradients of all parameters as one long vector: its length, and the angle between two."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def grads_of(model: nn.Module) -> list[Tensor]:
    """A copy of each parameter's gradient; zeros where it has none."""
    return [
        torch.zeros_like(p) if p.grad is None else p.grad.detach().clone()
        for p in nn.Module.parameters(model)
    ]


def norm(tensors: list[Tensor]) -> float:
    """The L2 norm of all of them together."""
    return math.sqrt(sum(float(t.double().square().sum()) for t in tensors))


def cosine(one: list[Tensor], other: list[Tensor]) -> float:
    """1 where they point the same way, 0 at right angles; NaN where one of them is zero."""
    dot = sum(float((a.double() * b.double()).sum()) for a, b in zip(one, other, strict=True))
    length = norm(one) * norm(other)
    return dot / length if length > 0 else math.nan
