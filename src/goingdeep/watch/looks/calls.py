"""Batches and calls of modules, closely: what went in and what came out, in numbers."""

from __future__ import annotations

import math
import weakref
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from goingdeep.record.look import Values
from goingdeep.record.seen import Fact
from goingdeep.watch.looks import modes
from goingdeep.watch.reading import graph
from goingdeep.watch.reading.arguments import tensors_in
from goingdeep.watch.reading.picture import SAMPLES, picture
from goingdeep.watch.reading.tensors import plain, read, readable

MOST_TENSORS = 4
"""Inputs, and outputs, of one call that are looked at."""

FACTS = (
    "p", "dropout", "momentum", "eps", "track_running_stats", "kernel_size", "stride", "padding",
    "dilation", "groups", "inplace", "negative_slope", "num_layers", "batch_first",
    "bidirectional", "num_heads", "padding_idx", "dim", "start_dim", "scale_factor",
)  # fmt: skip
"""Attributes of a module that decide what it does, where its name and shapes do not say it."""

_TAKE_UNITS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
LEAST_SAMPLES = 16
"""Fewer say nothing about a unit that gives 0 for all of them."""

MOST_UNITS_READ = 1 << 24
USUAL = {"groups": 1, "dilation": (1, 1)}
LONGEST_FACT = 40


class Measured:
    """The numbers of the tensors of one look; what is read twice is measured once.

    To be used by those who are aside.

    Nothing is kept alive: a tensor is known again by a weak reference and its version.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[Tensor], int, Values]] = {}

    def of(self, tensor: Tensor) -> Values:
        """A tensor's numbers as it is now."""
        try:
            version, tracked = tensor._version, tensor.requires_grad  # noqa: SLF001
            base = tensor._base  # noqa: SLF001
        except RuntimeError:  # inference tensors have no version: anything may have changed
            return read(tensor)
        found = self._find(tensor, version)
        if found is None and base is not None and _same_values(tensor, base):
            found = self._find(base, version)
            if found is not None:
                found = msgspec.structs.replace(found, shape=tuple(tensor.shape))
        if found is None:
            found = read(tensor)
        if found.tracked is not tracked:
            found = msgspec.structs.replace(found, tracked=tracked)
        self._known[id(tensor)] = (weakref.ref(tensor), version, found)
        return found

    def all_of(self, data: object) -> tuple[Values, ...]:
        """The first few tensors of some arguments or of a result."""
        return tuple(self.of(tensor) for _, tensor in tensors_in(data, MOST_TENSORS))

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()

    def _find(self, tensor: Tensor, version: int) -> Values | None:
        known = self._known.get(id(tensor))
        if known is None or known[0]() is not tensor or known[1] != version:
            return None
        return known[2]


def _same_values(view: Tensor, base: Tensor) -> bool:
    """Whether a view shows every value of its base as it is, in whatever shape."""
    return (
        view.numel() == base.numel()
        and view.dtype is base.dtype
        and view.is_neg() == base.is_neg()
        and view.is_contiguous()
        and base.is_contiguous()
    )


def batch_fields(loader: int, site: int, data: object, measured: Measured) -> dict[str, Any]:
    """The fields of a `LookBatch`; the picture is an array still."""
    found = tensors_in(data)
    fields: dict[str, Any] = {
        "site": site,
        "loader": loader,
        "names": tuple(name for name, _ in found),
        "tensors": tuple(measured.of(tensor) for _, tensor in found),
    }
    samples, length = SAMPLES, None
    for _, tensor in found:
        image = picture(tensor)
        if image is not None:
            fields["picture"], fields["low"], fields["high"] = image
            samples, length = len(image[0]), len(tensor)
            break
    labels = next((plain(t) for _, t in found if _are_labels(t, length)), None)
    fields["labels"] = () if labels is None else tuple(labels[:samples].tolist())
    return fields


def _are_labels(tensor: Tensor, length: int | None) -> bool:
    if readable(tensor) or tensor.dim() != 1 or tensor.is_floating_point():
        return False
    return tensor.dtype.itemsize > 1 and length in {None, len(tensor)}


def call_fields(module: nn.Module, given: object, measured: Measured) -> dict[str, Any]:
    """What is known of a call before it runs, except for its place."""
    return {
        "class_name": type(module).__qualname__,
        "training": bool(module.training),
        "inputs": measured.all_of(given),
        "facts": facts(module) | silent_units(module, given),
        "normed": modes.normed(module, given),
    }


def silent_units(module: nn.Module, given: object) -> dict[str, Fact]:
    """Which share of the units behind a ReLU gave 0 for every sample of this batch, as "silent".

    Looked at where a layer takes them, because a ReLU may be a function, with pooling behind it.
    """
    found = tensors_in(given, 1) if isinstance(module, _TAKE_UNITS) else []
    tensor = found[0][1] if found else None
    if tensor is None or tensor.dim() < 2 or len(tensor) < LEAST_SAMPLES or readable(tensor):
        return {}
    made = graph.came_from(tensor, 4)
    after = next((name for name in made if name not in graph.KEEP_ZEROS), "")
    if after != "ReluBackward0" or tensor.numel() > MOST_UNITS_READ:
        return {}
    active = _active(plain(tensor).detach().bool(), -1 if isinstance(module, nn.Linear) else 1)
    return {"silent": round(1 - float(active.mean()), 4)}


def _active(bits: Tensor, axis: int) -> npt.NDArray[np.bool_]:
    """Which of the units along an axis are ever on."""
    if not bits.is_cpu:
        return np.asarray(bits.movedim(axis, -1).flatten(0, -2).any(0).tolist(), bool)
    array = bits.numpy()  # `any` takes NumPy a tenth of torch's time
    each = array if axis < 0 else array.reshape(*array.shape[:2], -1).any(2)
    found: npt.NDArray[np.bool_] = np.logical_or.reduce(each.reshape(-1, each.shape[-1]), axis=0)
    return found


def own_parameters(module: nn.Module) -> int:
    """Numbers in a module's own parameters, not those of its children."""
    own = module.__dict__.get("_parameters")
    if not isinstance(own, dict):
        return 0
    return sum(
        parameter.numel()
        for parameter in own.values()
        if parameter is not None and not nn.parameter.is_lazy(parameter)
    )


def facts(module: nn.Module) -> dict[str, Fact]:
    """Settings of a module that decide what it does."""
    found: dict[str, Fact] = {}
    for name in FACTS:
        value = module.__dict__.get(name)
        if value is None or value is False or value == USUAL.get(name):
            continue
        if isinstance(value, str):
            found[name] = value[:LONGEST_FACT]
        elif isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            found[name] = value
        elif isinstance(value, tuple) and value and all(isinstance(v, int) for v in value):
            found[name] = "x".join(str(length) for length in value[:4])
    return found
