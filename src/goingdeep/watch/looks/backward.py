"""One backward, closely: the graph it walks, which parameters that reaches, what gradients it left.

The graph is read and never held: walking it takes microseconds, and tells a cut or a frozen part
without a hook on any tensor.
"""

from __future__ import annotations

import math
import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from goingdeep.record.look import Gradient
from goingdeep.record.sentences import backward as sentence
from goingdeep.watch.looks.values import counts
from goingdeep.watch.reading.exact import exact, short
from goingdeep.watch.reading.graph import way_to_loss
from goingdeep.watch.reading.tensors import (
    MOST,
    SAMPLE,
    flat,
    in_range,
    norm,
    pieces,
    plain,
    readable,
    spread,
    zeros_in,
)

MOST_NODES = 20_000
MOST_NAMES = 256
MOST_TENSORS = 16
"""Tensors with gradients that belong to no model, of one backward."""

COUNTED = 1 << 11
"""Values of a gradient whose spread is counted, evenly spread over a larger one."""

UNDRAWN = 224
"""Of the room that a look has for gradients: so many have no histogram, in the middle of the model."""

PROBES = 64
LEAF = "AccumulateGrad"

Named = tuple[int, str, Tensor]
"""Number of the model, name in it, parameter."""

T = TypeVar("T")


class Backward:
    """What is known of a backward before it runs, and then after it.

    Args:
        roots: what `backward()` was called on.
        trainable: the trainable parameters of the models in use.
        site: number of the user's line.
    """

    def __init__(self, roots: Sequence[Tensor], trainable: Sequence[Named], site: int) -> None:
        self._site = site
        root = roots[0] if roots else None
        self._value = scalar(root) if root is not None and len(roots) == 1 else None
        self._came_from = way_to_loss(root)[0] if root is not None else ()
        self._before = states(parameter for _, _, parameter in trainable)
        self.nodes, leaves = walk(roots)
        self._trainable = [(m, n, weakref.ref(p)) for m, n, p in trainable]
        known = {id(parameter) for _, _, parameter in trainable}
        others = [leaf for leaf in leaves.values() if id(leaf) not in known]
        self._others = [weakref.ref(leaf) for leaf in others[:MOST_TENSORS]]
        # Checkpointing hides a part of the graph until backward comes there: what happens to the
        # gradients decides about these.
        self._missed = [
            (name, weakref.ref(parameter), _gradient_now(parameter))
            for _, name, parameter in trainable
            if id(parameter) not in leaves
        ]

    def fields(self, room: int | None) -> dict[str, Any]:
        """The fields of a `LookBackward`.

        Args:
            room: how many gradients still fit; None where the backward did not come to its end.
        """
        whole = self.nodes <= MOST_NODES
        unreached: list[str] = []
        if whole and room is not None:
            for name, reference, before in self._missed:
                parameter = reference()
                if parameter is not None and _gradient_now(parameter) == before:
                    unreached.append(name)
        gradients, left_out = self._gradients(room) if room is not None else ([], 0)
        reached = len(self._trainable) - len(unreached) if whole and room is not None else None
        return {
            "site": self._site,
            "value": self._value,
            "came_from": self._came_from,
            "nodes": min(self.nodes, MOST_NODES),
            "before": self._before,
            "gradients": tuple(gradients),
            "unreached": tuple(unreached[:MOST_NAMES]),
            "left_out": left_out,
            "sentence": sentence(
                reached, len(self._trainable), unreached, gradients, ended=room is not None
            ),
        }

    def _gradients(self, room: int) -> tuple[list[Gradient], int]:
        chosen = ends(self._trainable, room)
        drawn = set(ends(range(len(chosen)), room - UNDRAWN))
        rows = [
            gradient(model, name, parameter, drawn=place in drawn)
            for place, (model, name, reference) in enumerate(chosen)
            if (parameter := reference()) is not None
        ]
        rows += [
            gradient(-1, f"tensor {index}", leaf)
            for index, reference in enumerate(self._others[: room - len(chosen)])
            if (leaf := reference()) is not None
        ]
        there = [row for row in rows if row is not None]
        return there, len(self._trainable) + len(self._others) - len(there)


def walk(roots: Iterable[Tensor]) -> tuple[int, dict[int, Tensor]]:
    """Count the nodes below some tensors, and find the leaves that collect a gradient.

    Returns:
        How many nodes, more than `MOST_NODES` where the walk was given up; leaves by their id.
    """
    leaves: dict[int, Tensor] = {}
    waiting: list[Any] = []
    for root in roots:
        if root.grad_fn is not None:
            waiting.append(root.grad_fn)
        elif root.requires_grad:
            leaves[id(root)] = root
    seen = set(waiting)
    while waiting and len(seen) <= MOST_NODES:
        node = waiting.pop()
        if type(node).__name__ == LEAF:
            leaves[id(node.variable)] = node.variable
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return len(seen), leaves


def gradient(model: int, name: str, parameter: Tensor, *, drawn: bool = False) -> Gradient | None:
    """One parameter's gradient in numbers; None where it has no numbers that can be read.

    Args:
        drawn: whether its values are counted for a histogram too.
    """
    found = gradient_of(parameter)
    if found is None:
        return Gradient(model, name, state="none")
    size = found.numel()
    if found.layout is torch.sparse_coo:  # of an embedding: all but some rows are 0
        found = found.coalesce().values()
    if readable(found) or not found.is_floating_point():
        return None
    if not found.numel():
        return Gradient(model, name, state="zero", zeros=1.0)
    found = plain(found)
    looked = flat(found if found.numel() <= MOST else spread(found, SAMPLE))
    sampled = looked.numel() if looked.numel() < found.numel() else 0
    largest, zeros, squares = 0.0, 0, 0.0
    for piece in pieces(looked.float() if looked.dtype.itemsize < 4 else looked):
        low, high = (bound.item() for bound in torch.aminmax(piece))
        if not (math.isfinite(low) and math.isfinite(high)):
            return _not_finite(model, name, looked, sampled)
        largest = max(largest, -low, high)
        zeros += zeros_in(piece) if low <= 0 <= high else 0
        squares += torch.dot(piece, piece).item()
    length = math.sqrt(squares) if in_range(squares) else norm(looked)
    # Of a sparse gradient only the rows that are there were looked at.
    nonzero, of = looked.numel() - zeros, looked.numel() if sampled else size
    return Gradient(
        model, name, "value" if largest else "zero",
        short(length * math.sqrt(found.numel() / looked.numel())), short(largest),
        short(1 - nonzero / of), sampled=sampled,
        histogram=_histogram(looked, largest) if drawn else (),
    )  # fmt: skip


def _histogram(values: Tensor, largest: float) -> tuple[int, ...]:
    """How many lie in each of 40 bins of equal width from -largest to largest; 0 itself is left out.

    Behind a ReLU most are 0, and nothing else would be seen.
    """
    if not largest:
        return ()
    # A copy: `numpy()` of the user's own tensor would mark its storage.
    array = spread(values, COUNTED).cpu().to(torch.float64, copy=True).numpy()
    return counts(array[array != 0], -largest, largest)


def _not_finite(model: int, name: str, looked: Tensor, sampled: int) -> Gradient:
    broken = looked.numel() - int(torch.isfinite(looked).sum())
    largest = exact(looked.abs().max().item())
    return Gradient(model, name, norm=largest, largest=largest, non_finite=broken, sampled=sampled)


def gradient_of(parameter: Tensor) -> Tensor | None:
    """Its `.grad`; PyTorch warns where that of a tensor in the middle of a graph is asked for."""
    return parameter.grad if parameter.is_leaf or parameter.retains_grad else None


def state(parameter: Tensor) -> str:
    """Its gradient is "none", "zero" or has a "value"."""
    found = gradient_of(parameter)
    if found is None:
        return "none"
    if found.layout is torch.sparse_coo:
        found = found._values()  # noqa: SLF001 - the rows as they are, without summing them
    if readable(found) not in {"", "complex"}:
        return "value"
    found = plain(found)
    # Most have a value among the first that are looked at.
    return "value" if bool(spread(found, PROBES).any()) or bool(found.any()) else "zero"


def states(parameters: Iterable[Tensor]) -> dict[str, int]:
    """How many gradients are in each state."""
    return dict(Counter(state(parameter) for parameter in parameters))


def scalar(tensor: Tensor) -> float | str | None:
    """The value of a tensor of one number; None for any other."""
    if readable(tensor) or tensor.numel() != 1:
        return None
    return exact(float(tensor.item()), tensor.dtype)


def ends(items: Sequence[T], most: int) -> list[T]:
    """The first and the last of them: where more do not fit, the middle is left out."""
    if len(items) <= most:
        return list(items)
    half = max(0, most) // 2
    return [*items[: max(0, most) - half], *(items[len(items) - half :])]


def _gradient_now(parameter: Tensor) -> tuple[int, int] | None:
    found = gradient_of(parameter)
    return None if found is None else (id(found), found._version)  # noqa: SLF001
