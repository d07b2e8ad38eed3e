"""Records moments: some steps of a training loop, which can be replayed with one thing changed.

    moments = Moments(watcher, at={1})
    moments.forward_started(lane, module, args, kwargs)    a moment begins at step 1's first forward
    moments.forward_ended(lane, module, args, kwargs, output)
    moments.loss_called(lane, function, args, kwargs, result)     function: below nn.functional
    moments.clear_started(lane, parameters, to_none=True)
    moments.backward_started(lane, roots, retain=False, create=False)
    moments.clipped(lane, "norm", parameters, limit)
    moments.unscaled(lane, optimizer, factor)
    moments.step_started(lane, optimizer)
    moments.step_ended(lane, optimizer)           ends a step of the moment, and at last the moment
    moments.finish()
    moments.kept                                  what can be replayed: replay.verify, replay.replay

A moment holds copies: the program's modules, optimizers and tensors are neither kept alive nor
touched. What it needs is bounded in bytes; beyond them it ends after fewer steps. Where the loop
does something that cannot be repeated it is dropped, and a gap says why. Nothing here raises.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from goingdeep.record.events import MOMENT_STEPS
from goingdeep.watch.moments.evaluated import Evaluated
from goingdeep.watch.moments.links import CannotFollowError
from goingdeep.watch.moments.moment import GAP, Moment, number
from goingdeep.watch.moments.plain_data import CannotCopyError, TooLargeError
from goingdeep.watch.moments.recorded import Forward, Step
from goingdeep.watch.moments.recording import Recording
from goingdeep.watch.reading.aside import not_now

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

LIMIT = 256 << 20
"""Bytes that all moments of a watcher may take."""

CANNOT = (CannotCopyError, CannotFollowError)


class Moments:
    """Records the moments of one watcher.

    Args:
        at: numbers of the steps at which one begins, from 1; more may be added at any time.
        length: steps of each.
        limit: bytes that all of them may take.
    """

    def __init__(
        self,
        watcher: Watcher,
        *,
        at: Iterable[int] = (1,),
        length: int = MOMENT_STEPS,
        limit: int = LIMIT,
    ) -> None:
        self._watcher = watcher
        self.at = set(at)
        self.kept: list[Moment] = []
        self.evaluated = Evaluated()
        self._length = length
        self._limit = limit
        self._serials = itertools.count()
        self._recording: Recording | None = None
        self._lane: object = None
        self._first = 0

    @property
    def active(self) -> bool:
        """Whether a moment is being recorded."""
        return self._recording is not None

    @property
    def enough(self) -> bool:
        """Whether nothing more will be kept: a moment has ended, and an evaluation was seen."""
        return bool(self._first) and not self.active and bool(self.evaluated.batches)

    def wants(self, number: int) -> bool:
        """Whether a moment is to begin with step `number`."""
        return self._recording is None and number in self.at

    # ---------------------------------------------------------------- told by the lane

    def forward_started(
        self, lane: object, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """A model is called from outside any other; a moment may begin here.

        It does not begin with an evaluation, which could take all the memory before the first step.
        """
        with self._watcher.gradients_lock:
            if (
                self._recording is None
                and self.wants(self._watcher.recorder.steps + 1)
                and torch.is_grad_enabled()
            ):
                self._begin(lane, self._watcher.recorder.steps + 1)
        self._tell(lane, Recording.forward_started, module, args, kwargs)

    def forward_ended(
        self, lane: object, module: nn.Module, _args: tuple[Any, ...], _kwargs: dict[str, Any],
        output: Any,
    ) -> None:  # fmt: skip
        """It has returned; what it was given may have been written into by now."""
        self._tell(lane, Recording.forward_ended, module, output)

    def loss_called(
        self, lane: object, function: Callable[..., Any], args: tuple[Any, ...],
        kwargs: dict[str, Any], result: Any,
    ) -> None:  # fmt: skip
        """A loss function has returned."""
        self._tell(lane, Recording.loss, function, args, kwargs, result)

    def backward_started(
        self, lane: object, roots: tuple[Any, ...], *, retain: bool = False, create: bool = False
    ) -> None:
        """Gradients are about to be added to `.grad`."""
        self._tell(lane, Recording.backward, roots, retain=retain, create=create)

    def clear_started(self, lane: object, parameters: list[Tensor], *, to_none: bool) -> None:
        """Gradients are about to be cleared; that a loop does it by hand is found out anyway."""
        self._tell(lane, Recording.clear, parameters, to_none=to_none)

    def clipped(
        self, lane: object, how: str, parameters: list[Tensor] | None, limit: float
    ) -> None:
        """Gradients were clipped, by "norm" or "value".

        Args:
            parameters: None where the program gave a generator, which can be walked only once.
        """
        self._tell(lane, Recording.clip, how, parameters, limit)

    def unscaled(self, lane: object, optimizer: torch.optim.Optimizer, factor: float) -> None:
        """A GradScaler has multiplied the optimizer's gradients by this."""
        self._tell(lane, Recording.unscale, optimizer, factor)

    def step_started(self, lane: object, optimizer: torch.optim.Optimizer) -> None:
        """An optimizer begins its step."""
        self._tell(lane, Recording.step_started, optimizer)

    def step_ended(self, lane: object, optimizer: torch.optim.Optimizer) -> None:
        """It is done; the moment may end here."""
        self._tell(lane, Recording.step_ended, optimizer)
        if self._recording is not None and len(self._recording.steps) >= self._length:
            self._end()

    def finish(self) -> None:
        """The watcher is taken off: what there is of a moment is kept."""
        if self._recording is not None:
            self._end()
        elif not self._first and self._watcher.recorder.steps:
            self._drop("no model was called at the step where it was to begin")

    # ---------------------------------------------------------------- begin and end

    def _begin(self, lane: object, number: int) -> None:
        self._first = number
        self.at.discard(number)
        left = self._limit - sum(moment.size for moment in self.kept)
        alive = [known.reference() for known in self._watcher.optimizers.alive]
        try:
            self._recording = Recording(next(self._serials), left)
            self._lane = lane
            for optimizer in alive:
                if isinstance(optimizer, torch.optim.Optimizer):
                    self._recording.add_optimizer(optimizer)
        except CANNOT as error:
            self._drop(str(error))

    def _tell(self, lane: object, method: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        """Something has happened; where it cannot be repeated the moment ends."""
        recording = self._recording
        if recording is None or lane is not self._lane:
            return
        if not_now():
            self._drop("a part of the loop is transformed, traced or captured")
            return
        # No other thread begins a backward meanwhile: what it would write is read here.
        with self._watcher.gradients_lock:
            if sum(bool(other.models) for other in self._watcher.lanes) > 1:
                self._drop("several threads train at once")
                return
            self._follow(recording, method, *args, **kwargs)

    def _follow(
        self, recording: Recording, method: Callable[..., None], *args: Any, **kwargs: Any
    ) -> None:
        try:
            method(recording, *args, **kwargs)
        except TooLargeError as error:
            if recording.steps:
                self._end()
            else:
                self._drop(str(error))
        except CANNOT as error:
            self._drop(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours costs the moment, and no more
            self._drop(f"{type(error).__name__}: {error}"[:300])

    def _end(self) -> None:
        recording, self._recording, self._lane = self._recording, None, None
        if recording is None:
            return
        values = [[number(value) for value in step.values] for step in recording.steps]
        if not any(values):
            followed = "no step of it had a loss that could be followed to a model"
            self._drop(followed if values else "no optimizer of PyTorch's own did a step in it")
            return
        for step in recording.steps:
            step.values.clear()
        operations = [op for step in recording.steps for op in step.operations]
        modules = {id(op.module): op.module for op in operations if isinstance(op, Forward)}
        optimizers = {id(op.optimizer): op.optimizer for op in operations if isinstance(op, Step)}
        self.kept.append(
            Moment(
                self._watcher,
                self._first,
                list(modules.values()),
                list(optimizers.values()),
                recording.steps,
                values,
                recording.copies.size,
                recording.left_out,
            )
        )

    def _drop(self, reason: str) -> None:
        self._recording = self._lane = None
        self._watcher.recorder.gap(GAP, reason)
