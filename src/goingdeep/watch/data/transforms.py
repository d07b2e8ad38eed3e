"""Transforms of samples: their names in the order in which they run, and which are random."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator

import torch

from goingdeep.watch.reading.attributes import plain

MAX_NAMES = 64
MAX_DEPTH = 8

_RANDOM = frozenset(
    {
        "ColorJitter",
        "AutoAugment",
        "TrivialAugmentWide",
        "AugMix",
        "ElasticTransform",
        "GaussianBlur",
        "GaussianNoise",
        "MixUp",
        "CutMix",
        "ScaleJitter",
        "JPEG",
    }
)
_CHOOSING = ("Random", "OneOf", "SomeOf")


def own_transforms(transform: object) -> list[str]:
    """Names of one transform, or of those inside it; "?" before a random one."""
    return list(_names(transform, 0))[:MAX_NAMES]


def _names(transform: object, depth: int) -> Iterator[str]:
    if transform is None or depth > MAX_DEPTH or isinstance(transform, str | int | float | bool):
        return
    if isinstance(transform, functools.partial):
        yield from _names(transform.func, depth + 1)
        return
    if isinstance(transform, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        yield transform.__qualname__.rpartition("<locals>.")[2]
        return
    inner = _inside(transform)
    kind = type(transform) if not isinstance(transform, type) else transform
    name = kind.__name__
    if inner is None:
        yield ("?" if _is_random(kind, transform) else "") + name
        return
    if name.startswith(_CHOOSING):
        yield f"?{name}"
    for part in list(inner)[:MAX_NAMES]:
        yield from _names(part, depth + 1)


def _inside(transform: object) -> Iterable[object] | None:
    """The transforms of a container; None for a single one."""
    if isinstance(transform, list | tuple):
        return transform
    if isinstance(transform, torch.nn.Sequential | torch.nn.ModuleList):
        return list(transform._modules.values())  # noqa: SLF001
    modules = plain(transform, "_modules")
    for name in ("transforms", "fs"):  # torchvision and albumentations; fastai
        parts = plain(transform, name)
        if parts is None and isinstance(modules, dict):
            parts = modules.get(name)
        if isinstance(parts, list | tuple):
            return parts
        if isinstance(parts, torch.nn.Sequential | torch.nn.ModuleList):
            return list(parts._modules.values())  # noqa: SLF001
        items = plain(parts, "items")
        if isinstance(items, list):
            return items
    return None


def _is_random(kind: type, transform: object) -> bool:
    lineage = [parent.__name__.lstrip("_") for parent in type.mro(kind)]
    if any(name.startswith("Rand") or name in _RANDOM for name in lineage):
        return True
    chance = plain(transform, "p")
    return isinstance(chance, float) and 0 < chance < 1
