"""One moment while it is being recorded: some steps, and copies of all they need.

Optimizers are copied when it begins, models when they are first called in it, which is before
anything in it has changed them. What cannot be repeated ends the recording, by an exception.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from goingdeep.watch.moments.copies import Copies
from goingdeep.watch.moments.given import Given, Results, tensors
from goingdeep.watch.moments.links import CannotFollowError, Made, root_of
from goingdeep.watch.moments.recorded import (
    Backward,
    Clear,
    Clip,
    Forward,
    Loss,
    Modes,
    RecordedStep,
    Step,
    Unscale,
)  # fmt: skip
from goingdeep.watch.reading.aside import aside
from goingdeep.watch.reading.generators import Generators


class Recording:
    """Collects the operations of one thread.

    Args:
        serial: tells its marks at graph nodes from those of other moments.
        limit: bytes that everything in it may take.
    """

    def __init__(self, serial: int, limit: int) -> None:
        self._serial = serial
        self.left_out: list[str] = []
        self.copies = Copies(limit, self.left_out.append)
        self.steps: list[RecordedStep] = []
        self._results = Results(serial, self.copies)
        self._step = RecordedStep()
        self._slots = 0
        self._first_slot = 0
        self._pending: Forward | None = None
        self._by_slot: dict[int, Forward | Loss] = {}
        self._values: dict[Made, Tensor] = {}
        # By id: the program's parameter, our copy, and whether its gradient may have values.
        self._parameters: dict[int, tuple[weakref.ref[Tensor], Tensor]] = {}
        self._filled: set[int] = set()
        self._settings: dict[int, list[dict[str, Any]]] = {}
        self._changes: dict[int, tuple[dict[str, Any], ...]] = {}

    # ---------------------------------------------------------------- forward and loss

    def forward_started(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """A model is called."""
        self._pending = None
        copied = self.copies.copy_module(module)
        self._follow(nn.Module.parameters(module))
        training = tuple(part.training for part in nn.Module.modules(module))
        op = Forward(self._slot(), copied, Modes.now(), training, Generators.now())
        self._pending = op
        if not op.modes.grad and not any(training):
            return  # it changes nothing and leads to no backward: an evaluation
        given = Given(op, self._results, self.copies)
        try:
            op.args, op.kwargs = given.of(args, "input"), given.of(kwargs)
        except CannotFollowError as error:
            op.broken = f"an input of {type(module).__name__} was {error}"
        self._add(op)

    def forward_ended(self, module: nn.Module, output: Any) -> None:
        """It has returned."""
        op, self._pending = self._pending, None
        if op is None or op.module is not self.copies.of(module) or op.slot not in self._by_slot:
            return
        for path, tensor in tensors(output):
            made = Made(op.slot, path)
            self._results.returned(tensor, made)
            if tensor.numel() == 1 and tensor.requires_grad:
                self._values[made] = _copy(tensor)

    def loss(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> None:
        """A loss function has returned."""
        if self._pending is not None or not isinstance(result, Tensor):
            return  # a part of a model
        op = Loss(self._slot(), function, Modes.now())
        given = Given(op, self._results, self.copies)
        try:
            op.args = tuple(given.of(arg, "target" if i == 1 else "") for i, arg in enumerate(args))
            op.kwargs = {
                name: given.of(arg, "target" if name == "target" else "")
                for name, arg in kwargs.items()
            }
        except CannotFollowError as error:
            op.broken = f"the input of the loss was {error}"
        if not op.needs and not op.broken:
            self._release(op)
            return  # of an evaluation, or of numbers from elsewhere
        self._add(op)
        made = Made(op.slot)
        self._results.returned(result, made)
        self._values[made] = _copy(result)

    # ---------------------------------------------------------------- backward

    def backward(self, roots: tuple[Any, ...], *, retain: bool, create: bool) -> None:
        """Gradients are about to be added to `.grad`."""
        if create:
            raise CannotFollowError("gradients of gradients are taken")
        with aside():
            sums = tuple(root_of(root, self._serial) for root in roots)
        self._cleared_by_hand()
        whole = []
        for root, total in zip(roots, sums, strict=True):
            for slot in self._needed({made.slot for made, _ in total.parts}):
                op = self._by_slot.get(slot)
                if op is None or op.broken:
                    raise CannotFollowError(op.broken if op else "a loss is of an earlier step")
            values = [self._values.get(Made(made.slot, made.path)) for made, _ in total.parts]
            known = [value for value in values if value is not None]
            whole.append(len(known) < len(values))
            self._step.values += known if not whole[-1] else [_copy(root)]
        self._step.operations.append(Backward(sums, tuple(whole), retain))
        # One that is frozen gets no gradient, which is not cleared by anybody, then.
        for key, (reference, _) in self._parameters.items():
            parameter = reference()
            if parameter is not None and parameter.requires_grad:
                self._filled.add(key)

    def _cleared_by_hand(self) -> None:
        """`p.grad = None` and `p.grad.zero_()` call nothing that could be watched."""
        gone: dict[bool, list[Tensor]] = {True: [], False: []}
        for key, (reference, copied) in self._parameters.items():
            parameter = reference()
            if parameter is None or key not in self._filled:
                continue
            to_none = parameter.grad is None
            if to_none or _is_zero(parameter.grad):
                gone[to_none].append(copied)
                self._filled.discard(key)
        for to_none, parameters in gone.items():
            if parameters:
                self._step.operations.append(Clear(tuple(parameters), to_none))

    def clear(self, parameters: list[Tensor], *, to_none: bool) -> None:
        """Gradients of these are about to be cleared."""
        copied = self._copied(parameters)
        if copied:
            self._step.operations.append(Clear(copied, to_none))
        self._filled.difference_update(id(parameter) for parameter in parameters)

    def clip(self, how: str, parameters: list[Tensor] | None, limit: float) -> None:
        """Gradients were clipped; None for those of everything in the moment."""
        if parameters is None:
            copied = tuple(copied for _, copied in self._parameters.values())
        else:
            copied = self._copied(parameters)
        self._step.operations.append(Clip(how, copied, limit))

    def unscale(self, optimizer: torch.optim.Optimizer, factor: float) -> None:
        """Gradients were multiplied by this, to undo a GradScaler's scale."""
        self._step.operations.append(Unscale(self._optimizer(optimizer), factor))

    # ---------------------------------------------------------------- steps

    def step_started(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer begins its step: what has been set in its groups since the last one?"""
        self._cleared_by_hand()
        if self.copies.of(optimizer) is None:
            self.add_optimizer(optimizer)
        before, now = self._settings[id(self._optimizer(optimizer))], _settings(optimizer)
        if len(now) != len(before):
            raise CannotFollowError("a parameter group was added")
        self._changes[id(self._optimizer(optimizer))] = tuple(
            {name: value for name, value in group.items() if not _same(value, old.get(name))}
            for group, old in zip(now, before, strict=True)
        )

    def step_ended(self, optimizer: torch.optim.Optimizer) -> None:
        """It is done, and with it the recorded step."""
        if isinstance(optimizer, torch.optim.LBFGS):
            raise CannotFollowError("LBFGS does several passes within one step")
        copied = self._optimizer(optimizer)
        changes = self._changes.pop(id(copied), tuple({} for _ in copied.param_groups))
        # An optimizer may change its own settings in a step: these are not the loop's.
        self._settings[id(copied)] = _settings(optimizer)
        self._step.operations.append(Step(copied, changes))
        self._prune()
        self.steps.append(self._step)
        self._step = RecordedStep()
        self._results.forget({slot for slot in self._by_slot if slot >= self._first_slot})
        self._first_slot = self._slots

    def add_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer that has done no step in this moment yet."""
        copied = self.copies.copy_optimizer(optimizer)
        self._settings[id(copied)] = _settings(optimizer)
        self._follow(p for group in optimizer.param_groups for p in group["params"])

    def _optimizer(self, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        copied: torch.optim.Optimizer | None = self.copies.of(optimizer)
        if copied is None:
            raise CannotFollowError("an optimizer appeared in the middle of its step")
        return copied

    def _prune(self) -> None:
        """Leave out what led to no backward and changed nothing: evaluations, metrics."""
        ends = [op for op in self._step.operations if isinstance(op, Backward)]
        needed = self._needed({made.slot for op in ends for s in op.roots for made, _ in s.parts})
        kept = []
        for op in self._step.operations:
            # In training mode a forward moves BatchNorm's statistics.
            moves = isinstance(op, Forward) and any(op.training) and not op.broken
            if isinstance(op, Forward | Loss) and op.slot not in needed and not moves:
                self._release(op)
            else:
                kept.append(op)
        self._step.operations = kept

    # ---------------------------------------------------------------- bookkeeping

    def _slot(self) -> int:
        self._slots += 1
        return self._slots - 1

    def _add(self, op: Forward | Loss) -> None:
        self._by_slot[op.slot] = op
        self._step.operations.append(op)

    def _release(self, op: Forward | Loss) -> None:
        self._by_slot.pop(op.slot, None)
        self._results.release(op)

    def _needed(self, slots: set[int]) -> set[int]:
        """These operations and all whose results they were given."""
        needed: set[int] = set()
        waiting = list(slots)
        while waiting:
            slot = waiting.pop()
            if slot not in needed:
                needed.add(slot)
                op = self._by_slot.get(slot)
                waiting += op.needs if op is not None else ()
        return needed

    def _follow(self, parameters: Iterable[Tensor]) -> None:
        for parameter in parameters:
            if id(parameter) not in self._parameters:
                copied = self.copies.of(parameter)
                self._parameters[id(parameter)] = (weakref.ref(parameter), copied)
                if parameter.grad is not None:
                    self._filled.add(id(parameter))

    def _copied(self, parameters: Iterable[Tensor]) -> tuple[Tensor, ...]:
        copied = (self.copies.of(parameter) for parameter in parameters)
        return tuple(tensor for tensor in copied if tensor is not None)


def _copy(value: Tensor) -> Tensor:
    with aside():
        return value.clone()


def _is_zero(gradient: Tensor | None) -> bool:
    with aside():
        return gradient is not None and not bool(gradient.any())


def _settings(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    return [
        {
            name: _copy(value) if isinstance(value, Tensor) else value
            for name, value in group.items()
            if name != "params"
        }
        for group in optimizer.param_groups
    ]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return isinstance(one, Tensor) and isinstance(other, Tensor) and torch.equal(one, other)
    return bool(one == other)
