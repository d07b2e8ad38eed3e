"""The bench a lesson works at: copies of a loop's parts as they were at the moment.

    lab.model()                 a copy of the model, in the modes in which it trained
    lab.batches                 [(inputs, targets)] of the moment's steps, in order
    lab.outputs(model, x)       what the loss is given
    lab.loss(outputs, y)        the recorded loss function, called as the loop called it
    lab.trial(variant)          the moment replayed with one thing changed

A dear model gets fewer steps, or smaller batches of the same samples, the same for every replay of an
answer: `lab.reduced` says which.

Whatever is done here happens within `Lab.alone`: the program's generators, modes and prints are put
back, and the watcher does not see it.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from goingdeep.show.numbers import spell
from goingdeep.watch.moments.budget import Budget
from goingdeep.watch.moments.copies import Copies
from goingdeep.watch.moments.given import Again
from goingdeep.watch.moments.links import Made
from goingdeep.watch.moments.moment import Moment
from goingdeep.watch.moments.player import Player
from goingdeep.watch.moments.recorded import Own, Use
from goingdeep.watch.moments.replay import Replay, alone, replay
from goingdeep.watch.moments.variant import Batch, Variant
from goingdeep.why.damage import Trial
from goingdeep.why.experiment import Experiment
from goingdeep.why.fitting import fitted
from goingdeep.why.lesson import NoLabError, NotHereError
from goingdeep.why.pairs import in_rows, pairs_of
from goingdeep.why.vectors import grads_of

LEAST_SECONDS = 0.5
"""A replay has at least so long: one step is more than none."""

REPLAYS = 12
"""As many fit into an answer's seconds: what the dearest lessons have, judging included."""


class Lab:
    """One moment on the bench.

    Args:
        experiment: its moment is verified, and is not changed.

    Attributes:
        steps: how many a replay has. recorded: the loss of each of these, in the loop unchanged.
        reduced: where a replay is less than the moment, how and why, as a sentence; else "".

    Raises:
        NoLabError: its steps are not made of one model's forwards and a loss function on each.
    """

    def __init__(self, experiment: Experiment) -> None:
        if experiment.moment is None:
            raise NoLabError(experiment.reason or "no moment of this run was kept")
        self.experiment = experiment
        self.moment: Moment = experiment.moment
        self._budget = Budget(experiment.bound.seconds - experiment.spent)
        if 2 * self.moment.size > experiment.bound.bytes:
            raise NoLabError(f"a copy would take {self.moment.size >> 20} MiB")
        self._pairs = list(pairs_of(self.moment))
        if not self._pairs:
            raise NoLabError("no step has a model's output given to a loss function of PyTorch")
        if len({id(pair.forward.module) for pair in self._pairs}) > 1:
            raise NoLabError("the loop trains more than one model")
        self._first = self._pairs[0]
        steps = min(len(self.moment.steps), experiment.bound.steps)
        self._fit = fitted(self.moment, steps, self._budget.left / REPLAYS)
        self.steps, self.recorded, self.reduced = (
            self._fit.steps, self._fit.recorded, self._fit.said,
        )  # fmt: skip

    # ---------------------------------------------------------------- what there is

    @property
    def batches(self) -> list[Batch]:
        """What the model was given and what its loss was compared with; not to be written into."""
        return self._fit.batches or [pair.batch for pair in self._pairs]

    @property
    def batch_size(self) -> int:
        """Samples in a batch, as the loop had them."""
        inputs = self._first.batch[0]
        return max(1, len(inputs)) if inputs.dim() else 1

    @property
    def loss_name(self) -> str:
        """PyTorch's name: "cross_entropy", "mse_loss"."""
        name = getattr(self._first.loss.function, "__name__", "")
        return {"cross_entropy_loss": "cross_entropy", "nll_loss_nd": "nll_loss"}.get(name, name)

    @functools.cached_property
    def classes(self) -> int:
        """K, where the loss is over classes: scores f[N,K] and integer labels; else 0."""
        scores, labels = self.scores, self.batches[0][1]
        is_class = self.loss_name in {"cross_entropy", "nll_loss"}
        fits = scores.dim() == 2 and labels.dim() == 1 and not labels.dtype.is_floating_point
        return scores.shape[1] if is_class and fits else 0

    def need_classes(self, topic: str) -> int:
        """K.

        Raises:
            NotHereError: the loss is not over classes.
        """
        if not self.classes and self.loss_name in {"cross_entropy", "nll_loss"}:
            raise NotHereError(
                f"{topic} is worked out for one label a sample, and this loop's loss is given "
                f"{_spelled(self.scores)} and {_spelled(self.batches[0][1])}."
            )
        if not self.classes:
            raise NotHereError(
                f"{topic} is about classes, and this loop minimises {self.loss_name}."
            )
        return self.classes

    def need_rows(self) -> None:
        """Ask for batches that can be taken apart into samples.

        Raises:
            NoLabError: they cannot.
        """
        if not all(map(in_rows, self.batches)):
            raise NoLabError("its batches are not one sample a row")

    def alone(self) -> AbstractContextManager[None]:
        """Leave no trace in the program."""
        return alone(self.moment)

    # ---------------------------------------------------------------- the parts of a step

    def model(self) -> nn.Module:
        """A copy of the model as it was before the moment, in the modes of its first forward."""
        copied = Copies().copy_module(self._first.forward.module)
        parts = list(nn.Module.modules(copied))
        for part, training in zip(parts, self._first.forward.training, strict=False):
            part.training = training
        nn.Module.zero_grad(copied)
        return copied

    def outputs(self, model: nn.Module, inputs: Tensor, *, exact: bool = False) -> Tensor:
        """What the loss is given for these inputs.

        Args:
            exact: in full precision, whatever autocast the loop uses.
        """
        forward, made = self._first.forward, self._first.made
        given = Again(_no, lambda use: self._use(use, inputs), _own)
        modes = nullcontext() if exact else forward.modes.again()
        grad = torch.is_grad_enabled()  # `modes` has one of its own
        with modes, torch.set_grad_enabled(grad):
            result = model(*given.value(forward.args), **given.value(forward.kwargs))
            for kind, key in made.path:
                result = result[key] if kind == "item" else getattr(result, key)
            for link in made.links:
                result = link.do(result)
        outputs: Tensor = result
        return outputs

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The recorded loss function."""
        loss = self._first.loss
        given = Again(lambda _: outputs, lambda use: self._use(use, targets), _own)
        value: Tensor = loss.function(*given.value(loss.args), **given.value(loss.kwargs))
        return value.mean() if value.dim() else value

    @functools.cached_property
    def scores(self) -> Tensor:
        """What the loss was given for the moment's first batch; not to be written into."""
        with self.alone(), torch.no_grad():
            self._first.forward.generators.restore()
            return self.outputs(self.model(), self.batches[0][0])

    @functools.cached_property
    def forward_seconds(self) -> float:
        """What one forward takes, for one sample; the first one also makes ready."""
        inputs = self.batches[0][0]
        found = []
        with self.alone(), torch.no_grad():
            model = self.model()
            for _ in range(2):
                started = time.thread_time()
                self.outputs(model, inputs)
                found.append(time.thread_time() - started)
        return min(found) / max(1, len(inputs))

    def gradients(
        self, model: nn.Module, batch: Batch, *, exact: bool = False, clear: bool = True
    ) -> tuple[float, list[Tensor]]:
        """The loss of a batch, and a copy of each parameter's gradient; zeros where it has none.

        Args:
            clear: before; without, the new gradients are added to what is there.
        """
        if clear:
            nn.Module.zero_grad(model)
        value = self.loss(self.outputs(model, batch[0], exact=exact), batch[1])
        value.backward()
        return float(value.detach()), grads_of(model)

    def seed(self) -> None:
        """Set the generators to what they were at the moment's first forward."""
        self._first.forward.generators.restore()

    @staticmethod
    def _use(use: Use, instead: Tensor) -> Tensor:
        return instead.clone() if use.role in {"input", "target"} else use.constant.fresh()

    # ---------------------------------------------------------------- replays

    @property
    def seconds_left(self) -> float:
        """Until this answer has to be there."""
        return self._budget.left

    def replay(
        self,
        variant: Variant,
        *,
        look: Callable[[Player], None] | None = None,
        steps: int | None = None,
        share: float = 0.4,
    ) -> Replay:
        """The moment with one thing changed; it ends early where time runs out.

        Args:
            share: of the time that is left, that this replay may take.
        """
        seconds = max(LEAST_SECONDS, self.seconds_left * share)
        count = self.steps if steps is None else steps
        if self._fit.batches:
            smaller = (variant.batches or _same)(self._fit.batches)
            variant = dataclasses.replace(variant, batches=lambda _: smaller)
        return replay(self.moment, variant=variant, steps=count, seconds=seconds, look=look)

    def trial(
        self,
        variant: Variant,
        *,
        look: Callable[[Player], None] | None = None,
        steps: int | None = None,
        share: float = 0.4,
    ) -> Trial:
        """The same as a curve: the loss of each step by the recorded loss function."""
        found = self.replay(variant, look=look, steps=steps, share=share)
        count = self.steps if steps is None else steps
        cut = found.cut and len(found.measured) < count
        return Trial(variant.name, found.measured, found.error, cut)


def _spelled(tensor: Tensor) -> str:
    return spell(str(tensor.dtype), tuple(tensor.shape))


def _same(batches: list[Batch]) -> list[Batch]:
    return batches


def _own(own: Own) -> Any:
    return own.tensor.detach()


def _no(_made: Made) -> Any:
    raise NoLabError("the model is given the result of an earlier operation")
