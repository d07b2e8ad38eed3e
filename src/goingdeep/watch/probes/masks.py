"""Does any answer change when a mask that the model is given is turned?

Axes in this file: N samples of a batch.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from goingdeep.watch.probes.trial import CannotAskError, Trial
from goingdeep.watch.reading.aside import aside

SAME = 1e-6
"""Share of the largest output below which two outputs are the same."""


def masks(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], batch: int
) -> dict[str, Tensor]:
    """The arguments that are masks: named so, and of two values for the samples' positions."""
    try:
        given = inspect.signature(type(module).forward).bind(module, *args, **kwargs).arguments
    except (TypeError, ValueError):
        given = dict(kwargs)
    inner = given.get("kwargs")
    every = given | inner if isinstance(inner, dict) else given
    return {
        name: value
        for name, value in every.items()
        if "mask" in name.lower() and isinstance(value, Tensor) and _is_mask(value, batch)
    }


def _is_mask(tensor: Tensor, batch: int) -> bool:
    if tensor.dim() < 2 or len(tensor) != batch or tensor.shape[-1] < 2 or tensor.is_complex():
        return False
    with torch.inference_mode(mode=False), aside():
        return tensor.dtype is torch.bool or bool(((tensor == 0) | (tensor == 1)).all())


def ask(trial: Trial, base: list[Tensor], name: str, mask: Tensor) -> dict[str, Any]:
    """The fields of a `Probed` event that answer it: `spread` samples had another answer.

    In both modes, because what a loss inside a model uses may not be looked at in evaluation.

    Raises:
        CannotAskError: there is no answer.
    """
    rows = range(trial.rows)
    with torch.inference_mode(mode=False), aside():
        changed = 0
        values = 0
        for training in (False, True):
            before = trial.run(rows, training=True) if training else base
            for turned in _turned(mask):
                values += int((turned != mask).sum())
                after = trial.run(rows, training=training, changed={id(mask): turned})
                changed = max(changed, _differ(before, after))
                if changed:
                    break
        return {"rows": trial.rows, "argument": name, "values": values, "spread": changed}


def _turned(mask: Tensor) -> Iterator[Tensor]:
    """The mask with its last quarter turned, then with its first place turned."""
    length = mask.shape[-1]
    for part in (slice(length - max(1, length // 4), length), slice(0, 1)):
        turned = mask.detach().clone()
        turned[..., part] = (
            1 - turned[..., part] if mask.dtype is not torch.bool else ~turned[..., part]
        )
        yield turned


def _differ(before: list[Tensor], after: list[Tensor]) -> int:
    """How many rows differ in any output."""
    if [t.shape for t in before] != [t.shape for t in after]:
        raise CannotAskError("the output has another shape with another mask")
    found = torch.zeros(len(before[0]), dtype=torch.bool)
    for one, other in zip(before, after, strict=True):
        limit = SAME * one.abs().double().amax() if one.numel() else 0
        apart = (one.double() - other.double()).abs().reshape(len(one), -1)
        found |= (apart > limit).any(1).cpu()
    return int(found.sum())
