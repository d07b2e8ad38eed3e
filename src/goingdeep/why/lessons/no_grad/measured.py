"""What no-grad measures: what a forward leaves behind, in each of the ways to run it."""

from __future__ import annotations

import contextlib
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from goingdeep.watch.moments.variant import Batch
from goingdeep.why.lab import Lab
from goingdeep.why.scores import held

REPEATS = 5
"""Times a pass is timed; the fastest is taken, for others share the processor."""

KEPT = 12
"""Batches over which a loss is added up."""


@dataclass(frozen=True)
class Way:
    """One forward of one batch.

    nodes: of the graph it leaves. bytes: saved for a backward. seconds: the fastest of some.
    """

    name: str
    nodes: int
    bytes: int
    seconds: float
    requires_grad: bool


@dataclass(frozen=True)
class Found:
    """What was measured.

    ways: with gradients, in eval mode, under no_grad, under inference_mode. first: the first nodes of
    the graph. weights: bytes of all parameters.
    alive: bytes that are kept after each batch, where the loss tensor is added up and where its
    number is.
    changed: tensors of the model that a test without no_grad changed, in eval mode and in training
    mode; gradients: parameters that have a gradient after it.
    training_mode: whether two passes under no_grad in training mode gave different outputs.
    """

    ways: list[Way]
    first: list[str]
    weights: int
    alive: dict[str, list[int]]
    changed: tuple[int, int]
    gradients: int
    tensors: int
    training_mode: bool
    sensitive: list[str]


class _Box:
    """What autograd is given to keep in the place of a tensor."""

    __slots__ = ("__weakref__", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class Saved:
    """What autograd keeps for a backward, as far as it is still alive.

    Args:
        without: tensors that are there anyway: the parameters and what the model is given.
    """

    def __init__(self, without: list[Tensor]) -> None:
        self._without = {tensor.untyped_storage().data_ptr() for tensor in without}
        self._alive: weakref.WeakSet[_Box] = weakref.WeakSet()

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count what is saved meanwhile."""
        with saved_tensors_hooks(self._pack, lambda box: box.tensor):
            yield

    def _pack(self, tensor: Tensor) -> _Box:
        # Detached: a node that keeps its own output would have hold of itself, and never be freed.
        box = _Box(tensor.detach())
        self._alive.add(box)
        return box

    @property
    def bytes(self) -> int:
        """Of all that is alive; tensors that share memory count once."""
        storages = {}
        for box in self._alive:
            storage = box.tensor.untyped_storage()
            if storage.data_ptr() not in self._without:
                storages[storage.data_ptr()] = storage.nbytes()
        return sum(storages.values())


def measure(lab: Lab) -> Found:
    """The same pass in four ways, a loss that is kept, and what a test changes."""
    batches, _ = held(lab)
    model = lab.model()
    ways = [
        _way(lab, "training mode", batches[0], lambda m: m.train(), torch.enable_grad),
        _way(lab, "eval mode", batches[0], lambda m: m.eval(), torch.enable_grad),
        _way(lab, "eval mode, no_grad", batches[0], lambda m: m.eval(), torch.no_grad),
        _way(lab, "eval mode, inference_mode", batches[0], lambda m: m.eval(),
             torch.inference_mode),
    ]  # fmt: skip
    output = lab.outputs(model.eval(), batches[0][0])
    eval_changed, gradients = _changed_by_a_test(lab, batches, training=False)
    return Found(
        ways=ways,
        first=_names(output),
        weights=sum(p.nbytes for p in model.parameters()),
        alive={name: _alive(lab, batches, number=number) for name, number in (
            ("total += loss", False), ("total += loss.item()", True))},
        changed=(eval_changed, _changed_by_a_test(lab, batches, training=True)[0]),
        gradients=gradients,
        tensors=len(model.state_dict()),
        training_mode=_differs(lab, batches[0]),
        sensitive=sorted({type(m).__name__ for m in model.modules() if _sensitive(m)}),
    )  # fmt: skip


def _sensitive(layer: nn.Module) -> bool:
    return "Dropout" in type(layer).__name__ or "BatchNorm" in type(layer).__name__


def _way(
    lab: Lab,
    name: str,
    batch: Batch,
    mode: Callable[[nn.Module], object],
    around: Callable[[], AbstractContextManager[Any]],
) -> Way:
    model = lab.model()
    mode(model)
    saved = Saved([*model.parameters(), batch[0]])
    with around():
        with saved.counted():
            output = lab.outputs(model, batch[0])
        nodes, size, requires = _count(output), saved.bytes, output.requires_grad
        del output
        fastest = min(_timed(lab, model, batch) for _ in range(REPEATS))
    return Way(name, nodes, size, fastest, requires)


def _timed(lab: Lab, model: nn.Module, batch: Batch) -> float:
    began = time.perf_counter()
    output = lab.outputs(model, batch[0])
    if output.device.type != "cpu":
        float(output.flatten()[0])  # waits for the device
    return time.perf_counter() - began


def _graph(output: Tensor) -> Iterator[Any]:
    waiting, met = [output.grad_fn], set()
    while waiting:
        node = waiting.pop(0)
        if node is None or node in met:
            continue
        met.add(node)
        yield node
        waiting += [inner for inner, _ in node.next_functions]


def _count(output: Tensor) -> int:
    return sum(1 for _ in _graph(output)) if output.requires_grad else 0


def _names(output: Tensor) -> list[str]:
    """The nodes from the output down, without those that stand for parameters."""
    names = [type(node).__name__ for node in _graph(output)]
    return [name for name in names if name != "AccumulateGrad"][:8]


def _alive(lab: Lab, batches: list[Batch], *, number: bool) -> list[int]:
    """Bytes that autograd keeps after each batch of a test whose losses are added up."""
    model = lab.model().eval()
    saved = Saved([*model.parameters(), *(x for x, _ in batches)])
    total: Any = 0.0
    found = []
    for i in range(KEPT):
        inputs, targets = batches[i % len(batches)]
        with saved.counted():
            loss = lab.loss(lab.outputs(model, inputs), targets)
        total += loss.item() if number else loss
        del loss
        found.append(saved.bytes)
    return found


def _changed_by_a_test(lab: Lab, batches: list[Batch], *, training: bool) -> tuple[int, int]:
    model = lab.model().train(training)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for inputs, targets in batches:
        lab.loss(lab.outputs(model, inputs), targets)
    after = model.state_dict()
    changed = sum(not torch.equal(before[name], after[name]) for name in before)
    return changed, sum(p.grad is not None and bool(p.grad.any()) for p in model.parameters())


def _differs(lab: Lab, batch: Batch) -> bool:
    """Whether a pass under no_grad in training mode gives something else than one in eval mode."""
    model = lab.model()
    with torch.no_grad():
        one = lab.outputs(model.eval(), batch[0])
        other = lab.outputs(model.train(), batch[0])
    return not torch.equal(one, other)
