"""Does the operations of a moment again, on copies of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from goingdeep.watch.moments import optimizing
from goingdeep.watch.moments.copies import Copies
from goingdeep.watch.moments.given import Again
from goingdeep.watch.moments.links import Made
from goingdeep.watch.moments.moment import CannotReplayError, Moment, number
from goingdeep.watch.moments.recorded import (
    Backward,
    Clear,
    Clip,
    Forward,
    Loss,
    Operation,
    Own,
    Step,
    Unscale,
    Use,
)  # fmt: skip
from goingdeep.watch.moments.variant import Batch, Variant

KEPT = 64
"""Results that later operations may refer to."""


class Player:
    """One replay.

    Args:
        moment: is not changed.
        variant: what is done differently.
    """

    def __init__(self, moment: Moment, variant: Variant) -> None:
        self._variant = variant
        self._moment = moment
        self._copies = Copies()
        self.models: dict[int, nn.Module] = {}
        self.optimizers: dict[int, torch.optim.Optimizer] = {}
        for original in moment.modules:
            self.models[id(original)] = self._copies.copy_module(original)
        for optimizer in moment.optimizers:
            self.optimizers[id(optimizer)] = self._copies.copy_optimizer(optimizer)
        self._new: list[Tensor] = []  # parameters of layers that the variant put in
        self._rebuild()
        self._adopt()
        self._change_rates()
        self._batches = self._other_batches()
        self._batch: Batch | None = None
        self._results: dict[int, Any] = {}
        self._original: dict[int, float] = {}
        self._stale = variant.clear == "right"
        self._values: list[float] = []
        self._measured: list[float] = []

    def play(self, steps: int | None) -> Iterator[tuple[list[float], list[float]]]:
        """Do the steps, and hand out each one's losses: by what was minimised, and as recorded."""
        recorded = self._moment.steps
        available = len(self._batches) if self._batches is not None else len(recorded)
        for i in range(available if steps is None else steps):
            if self._batches is not None:
                self._batch = self._batches[i % available]
                step = recorded[min(i, len(recorded) - 1)]
            else:
                step = recorded[i % len(recorded)]
            # Beyond what was recorded the generators go on by themselves.
            self._again = i < len(recorded)
            self._values, self._measured = [], []
            for op in step.operations:
                self._DO[type(op)](self, op)
            yield self._values, self._measured

    # ---------------------------------------------------------------- before the first step

    def _rebuild(self) -> None:
        if self._variant.module is None:
            return
        owners = list(self.optimizers.values())
        for key, model in list(self.models.items()):
            before = {id(p) for p in model.parameters()}
            self.models[key] = changed = self._variant.module(model)
            new = [p for p in changed.parameters() if id(p) not in before and p.requires_grad]
            if new and owners:
                owners[0].param_groups[0]["params"] += new
                self._new += new

    def _adopt(self) -> None:
        if not self._variant.adopt or not self.optimizers:
            return
        owned = {id(p) for o in self.optimizers.values() for p in optimizing.owned(o)}
        new = [p for model in self.models.values() for p in model.parameters() if p.requires_grad]
        new = [p for p in dict.fromkeys(new) if id(p) not in owned]
        next(iter(self.optimizers.values())).param_groups[0]["params"] += new
        self._new += new

    def _change_rates(self) -> None:
        if self._variant.rate != 1:
            for optimizer in self.optimizers.values():
                optimizing.set_groups(
                    optimizer,
                    [{"lr": g["lr"] * self._variant.rate} for g in optimizer.param_groups],
                )

    def _other_batches(self) -> list[Batch] | None:
        if self._variant.batches is None:
            return None
        batches = self._variant.batches(self._moment.batches())
        if not batches:
            raise CannotReplayError("there are no batches left")
        return batches

    # ---------------------------------------------------------------- what operations are given

    def _given(self, recorded: Any) -> Any:
        return Again(self.result, self.constant, self.own).value(recorded)

    def result(self, made: Made, leave_out: tuple[str, ...] = ()) -> Any:
        """A result of an earlier operation, after its links."""
        if made.slot not in self._results:
            raise CannotReplayError("it needs the result of a step that is too long ago")
        value = self._results[made.slot]
        for kind, key in made.path:
            value = value[key] if kind == "item" else getattr(value, key)
        for link in made.links:
            if link.name not in leave_out:
                value = link.do(value)
        return value

    def constant(self, use: Use) -> Tensor:
        """A tensor from outside, or what the variant puts in its place."""
        if self._batch is not None and use.role:
            return self._batch[0 if use.role == "input" else 1].clone()
        value = use.constant.fresh()
        if use.role == "input" and self._variant.inputs is not None:
            return self._variant.inputs(value)
        return value

    def own(self, own: Own) -> Tensor:
        """A parameter or buffer of the copies."""
        copied: Tensor = self._copies.of(own.tensor)
        return copied

    # ---------------------------------------------------------------- operations

    def _forward(self, op: Forward) -> None:
        args, kwargs = self._given(op.args), self._given(op.kwargs)
        model = self._model(op.module)
        if self._again:
            op.generators.restore()
        parts = list(nn.Module.modules(model))
        if self._variant.train_mode is not None:
            model.train(self._variant.train_mode)
        elif len(parts) == len(op.training):
            for part, training in zip(parts, op.training, strict=True):
                part.training = training
        else:
            model.train(op.training[0])
        with op.modes.again():
            self._keep(op.slot, model(*args, **kwargs))

    def _model(self, original: nn.Module) -> nn.Module:
        if id(original) in self.models:
            return self.models[id(original)]
        part: nn.Module = self._copies.of(original)
        return part

    def _keep(self, slot: int, result: Any) -> None:
        self._results[slot] = result
        for old in list(self._results)[:-KEPT]:
            del self._results[old]

    def _loss(self, op: Loss) -> None:
        variant = self._variant
        if not variant.changes_loss:
            with op.modes.again():
                self._keep(op.slot, op.function(*self._given(op.args), **self._given(op.kwargs)))
            return
        # The recorded function on what it would have been given, to compare the curves.
        with op.modes.again(), torch.no_grad():
            plain = op.function(*self._given(op.args), **self._given(op.kwargs))
            self._original[op.slot] = number(plain)
        arguments = list(op.args) if op.args else [op.kwargs["input"], op.kwargs["target"]]
        if not isinstance(arguments[0], Made):
            raise CannotReplayError("the loss's first argument is not what a model returned")
        with op.modes.again():
            outputs = self.result(arguments[0], variant.leave_out)
            if variant.before_loss is not None:
                outputs = variant.before_loss(outputs)
            rest = [self._given(argument) for argument in arguments[1:]]
            if variant.loss is not None:
                value = variant.loss(outputs, rest[0])
            elif op.args:
                value = op.function(outputs, *rest, **self._given(op.kwargs))
            else:
                value = op.function(**{**self._given(op.kwargs), "input": outputs})
            self._keep(op.slot, value)

    def _backward(self, op: Backward) -> None:
        if self._stale:
            self._clear_all()
            self._stale = False
        roots = []
        for total, whole in zip(op.roots, op.whole, strict=True):
            root: Tensor | None = None
            for made, sign in total.parts:
                part = self.result(made) if sign == 1 else self.result(made) * sign
                root = part if root is None else root + part
                if not whole:
                    self._note(made)
            assert root is not None
            if whole:
                self._values.append(number(root))
                self._measured.append(number(root))
            roots.append(root * self._variant.scale if self._variant.scale != 1 else root)
        torch.autograd.backward(roots, retain_graph=op.retain)

    def _note(self, made: Made) -> None:
        value = number(self.result(Made(made.slot, made.path)))
        self._values.append(value)
        if self._variant.changes_loss and made.slot not in self._original:
            raise CannotReplayError("the loss is computed inside the model")
        self._measured.append(self._original.get(made.slot, value))

    def _clip(self, op: Clip) -> None:
        if self._variant.clip is None:
            parameters = self._changed(op.parameters)
            if op.how == "norm":
                nn.utils.clip_grad_norm_(parameters, op.limit)
            else:
                nn.utils.clip_grad_value_(parameters, op.limit)

    def _unscale(self, op: Unscale) -> None:
        for parameter in optimizing.owned(self.optimizers[id(op.optimizer)]):
            if parameter.grad is not None:
                parameter.grad.mul_(op.factor)

    def _step(self, op: Step) -> None:
        variant, optimizer = self._variant, self.optimizers[id(op.optimizer)]
        changed = [optimizing.at_rate(settings, variant.rate) for settings in op.settings]
        if variant.rate_held:
            changed = [{k: v for k, v in settings.items() if k != "lr"} for settings in changed]
        optimizing.set_groups(optimizer, changed)
        owned = optimizing.owned(optimizer)
        if variant.clear == "between":
            optimizing.clear(owned, to_none=True)
        if variant.clips:
            nn.utils.clip_grad_norm_(owned, variant.clip)  # type: ignore[arg-type]
        if variant.uphill:
            optimizing.turn(owned)
        if variant.step:
            optimizer.step()
        if variant.uphill:
            optimizing.turn(owned)  # what is left over for the next step is as it was
        self._stale = variant.clear == "right"

    def _clear(self, op: Clear) -> None:
        if self._variant.clear in ("as recorded", "between"):
            optimizing.clear(self._changed(op.parameters), to_none=op.to_none)

    def _changed(self, recorded: tuple[Tensor, ...]) -> list[Tensor]:
        """What stands for these parameters now; layers that were put in belong to all of them."""
        copied = [self._copies.of(parameter) for parameter in recorded]
        # Those of a model that led to no step in the moment are not in the replay.
        there = [parameter for parameter in copied if parameter is not None]
        # What has no gradient anyway stands for itself alone.
        new = self._new if any(parameter.grad is not None for parameter in there) else []
        return [*there, *new]

    def _clear_all(self) -> None:
        for model in self.models.values():
            optimizing.clear(list(model.parameters()), to_none=True)
        for optimizer in self.optimizers.values():
            optimizing.clear(optimizing.owned(optimizer), to_none=True)

    _DO: ClassVar[dict[type[Operation], Any]] = {
        Forward: _forward,
        Loss: _loss,
        Backward: _backward,
        Clip: _clip,
        Unscale: _unscale,
        Step: _step,
        Clear: _clear,
    }
