"""The close look at one step: what each operation read and made, with numbers, in their order.

    batch -> calls of modules -> loss -> backward -> step -> clear

Nothing is written before the end: only then is it known whether a forward belonged to the step or
to an evaluation. What is kept until then are numbers, never a tensor of the program's. A look is
bounded in events and bytes, and says what did not fit. A fault in it ends the look, not the
watching.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from torch import Tensor, nn

from goingdeep.record.look import LookBackward, LookBatch, LookCall, LookClear, LookLoss, LookStep
from goingdeep.watch.looks import modes
from goingdeep.watch.looks.backward import MOST_NODES, Backward, Named, scalar, states
from goingdeep.watch.looks.calls import Measured, batch_fields, call_fields, own_parameters
from goingdeep.watch.looks.loss_rows import rows
from goingdeep.watch.looks.order import GAP, Entry, Order
from goingdeep.watch.looks.scores import Scores
from goingdeep.watch.looks.step import Step
from goingdeep.watch.looks.values import Shown
from goingdeep.watch.looks.worked import worked
from goingdeep.watch.reading.aside import aside, not_now

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

MOST_GRADIENTS = 256
MOST_UPDATES = 256
"""Rows of a look, over all its backwards and steps."""

M = TypeVar("M", bound=Callable[..., None])


def _looking(method: M) -> M:
    """Look without being noticed; a fault ends the look and becomes a gap."""

    @functools.wraps(method)
    def looked(self: Look, *args: Any, **kwargs: Any) -> None:
        if self.over or not_now():
            return
        try:
            with aside():
                method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - a strange tensor must not end the pulse
            self.give_up(error)

    return cast("M", looked)


class Look:
    """Gathers one close look in one thread.

    Args:
        watcher: whose recorder and models are used.
        number: of the step that is looked at, from 1.
        phase: "training" or "evaluation".
    """

    def __init__(self, watcher: Watcher, number: int, phase: str = "training") -> None:
        self._watcher = watcher
        self._number = number
        self._phase = phase
        self.over = False
        self._order = Order()
        self._measured = Measured()
        self._stack: list[tuple[nn.Module, Entry | None]] = []
        self._index = 0
        self._models: dict[int, weakref.ref[nn.Module]] = {}
        self._in_use: dict[int, weakref.ref[nn.Module]] = {}  # called since the last backward
        self._fresh = True  # the next call begins another set of models in use
        self._backward: tuple[Entry | None, Backward] | None = None
        self._step: Step | None = None
        self._clear: tuple[dict[str, Any], list[weakref.ref[Tensor]]] | None = None
        self._scores = Scores()
        self._gradients = self._updates = 0
        self._shown = Shown()

    # ---------------------------------------------------------------- forward

    @_looking
    def batch(self, loader: int, site: int, data: object) -> None:
        """A loader gave a batch."""
        self._order.replace_batch(loader)
        self._order.add(LookBatch, batch_fields(loader, site, data, self._measured))

    def give_batches(self, loader: int, other: Look | None) -> None:
        """The newest batches of a loader belong to an evaluation: another look may have them."""
        batches = self._order.take_batches(loader)
        if other is not None:
            other.get_batches(batches)

    def get_batches(self, batches: list[Entry]) -> None:
        """They came before the first forward of this look."""
        self._order.put_batches(batches)

    @_looking
    def call_started(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any] | None
    ) -> None:
        """A module is called; what it is given is read before it may be overwritten in place."""
        if not self._stack:
            self._index = 0
            if self._fresh:
                self._in_use.clear()
                self._fresh = False
            self._models[id(module)] = self._in_use[id(module)] = weakref.ref(module)
        entry = None
        if self._order.fits(LookCall):
            model, name = self._watcher.models.place(module)
            fields = call_fields(module, (args, kwargs) if kwargs else args, self._measured)
            fields |= {
                "index": self._index,
                "site": self._watcher.recorder.sites.here(3),
                "depth": len(self._stack),
                "model": model,
                "module": name,
            }
            entry = self._order.add(LookCall, fields, modes.zeros_of(module, args))
        self._index += 1
        self._stack.append((module, entry))

    @_looking
    def call_ended(self, module: nn.Module, args: tuple[Any, ...], output: object) -> None:
        """It has returned."""
        entry = self._pop(module)
        if entry is not None:
            entry.fields["outputs"] = self._measured.all_of(output)
            entry.fields["parameters"] = own_parameters(module)
            modes.ended(module, entry.fields, entry.zeros, output)
            if isinstance(output, Tensor):
                entry.fields |= self._shown.of(output, entry.fields["outputs"][0])
                entry.fields["worked"] = worked(module, args, output)

    @_looking
    def call_failed(self, module: nn.Module) -> None:
        """It has raised; a module around it may catch that, and go on."""
        self._pop(module)

    def _pop(self, module: nn.Module) -> Entry | None:
        """The entry of a call that has ended; those inside it that never did are dropped."""
        if not any(called is module for called, _ in self._stack):
            return None
        entry = None
        while self._stack:
            called, entry = self._stack.pop()
            if called is module:
                break
        return entry

    @_looking
    def loss(
        self, loss_id: int, function: str, input: Tensor, target: Tensor | None,  # noqa: A002
        result: Tensor, site: int, settings: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """A loss function has returned."""
        if not self._order.fits(LookLoss):
            return
        single = rows(function, input, target, settings)
        self._scores.follow(input, single.rows)
        self._order.add(
            LookLoss,
            {
                "site": site,
                "loss": loss_id,
                "function": function,
                "input": self._measured.of(input),
                "target": None if target is None else self._measured.of(target),
                "value": scalar(result),
                "rows": single.rows,
                "losses": single.losses,
            },
        )

    def drop_forward(self) -> None:
        """What was seen since the last backward belonged to an evaluation, or came to nothing."""
        self._stack.clear()
        self._scores.let_go()
        if self._order.drop_forward():
            self._fresh = True

    # ---------------------------------------------------------------- backward, step, clear

    @_looking
    def before_backward(self, roots: tuple[Any, ...], site: int) -> None:
        """Gradients are about to be computed."""
        trainable = [named for named in self._named(self._in_use) if named[2].requires_grad]
        tensors = [root for root in roots if isinstance(root, Tensor)]
        backward = Backward(tensors, trainable, site)
        self._backward = (self._order.add(LookBackward, backward.fields(None)), backward)

    @_looking
    def after_backward(self) -> None:
        """They are there."""
        if self._backward is None:
            return
        (entry, backward), self._backward = self._backward, None
        if entry is not None:
            entry.fields = backward.fields(MOST_GRADIENTS - self._gradients)
            entry.fields["first"] = self._scores.take()
            self._gradients += len(entry.fields["gradients"])
        if backward.nodes > MOST_NODES:
            self._watcher.recorder.gap(GAP, f"a graph of more than {MOST_NODES:,} nodes")
        self._order.backward_ended()
        self._fresh = True
        if self._step is not None:
            self._step.backward_inside()

    @_looking
    def before_step(self, optimizer: Any, optimizer_id: int, site: int) -> None:
        """An optimizer is about to change the weights."""
        names = {id(named[2]): named for named in self._named(self._models)}
        if any(id(tensor) not in names for tensor in _owned(optimizer)):
            # Of a model that did not run in this step.
            names = {id(named[2]): named for named in self._watcher.models.trainable()} | names
        room = MOST_UPDATES - self._updates
        where = self._watcher.models.where
        strangers = [tensor for tensor in _owned(optimizer) if where(tensor)[0] < 0]
        self._step = Step(optimizer, optimizer_id, names, site, room, strangers)

    @_looking
    def after_step(self, optimizer: Any) -> None:
        """It has; of an optimizer around another one the inner one's step is told."""
        step, self._step = self._step, None
        if step is not None and step.optimizer is optimizer and self._order.fits(LookStep):
            fields = step.fields()
            self._updates += len(fields["updates"])
            self._order.add(LookStep, fields)

    @_looking
    def before_clear(self, by: str, number: int, parameters: Iterable[Tensor], site: int) -> None:
        """Gradients are about to be cleared."""
        tensors = list(parameters)
        fields = {"site": site, "by": by, "number": number, "before": states(tensors)}
        self._clear = (fields, [weakref.ref(tensor) for tensor in tensors])

    @_looking
    def after_clear(self) -> None:
        """They were."""
        if self._clear is None:
            return
        (fields, references), self._clear = self._clear, None
        tensors = [tensor for reference in references if (tensor := reference()) is not None]
        self._order.add(LookClear, fields | {"after": states(tensors)})

    # ---------------------------------------------------------------- the end

    def give_up(self, error: Exception) -> None:
        """Something of ours failed: what was seen by then is still written."""
        self._let_go()
        try:
            text = (str(error).splitlines() or [""])[0][:300]
        except Exception:  # noqa: BLE001 - an exception of the user's may not even have a text
            text = ""
        self._watcher.recorder.gap(GAP, f"{type(error).__name__}: {text}")

    def finish(self) -> None:
        """Write everything, in the order in which it happened. A second call does nothing."""
        self._let_go()
        self._order.write(self._watcher.recorder, self._number, self._phase)

    def _let_go(self) -> None:
        self.over = True
        self._stack.clear()
        self._measured.clear()
        self._scores.let_go()
        self._backward = self._step = self._clear = None

    def _named(self, models: Mapping[int, weakref.ref[nn.Module]]) -> list[Named]:
        """The parameters of some models, each once."""
        found: dict[int, Named] = {}
        for reference in models.values():
            root = reference()
            if root is None:
                continue
            model, place = self._watcher.models.place(root)
            # The base class's own walk: a subclass may have put something else in its place.
            for name, parameter in nn.Module.named_parameters(root, prefix=place):
                found.setdefault(id(parameter), (model, name, parameter))
        return list(found.values())


def _owned(optimizer: Any) -> Iterator[Tensor]:
    return (tensor for group in optimizer.param_groups for tensor in group["params"])
