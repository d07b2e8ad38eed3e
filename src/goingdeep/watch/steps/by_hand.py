"""Loops without an optimizer: `p.data.add_(p.grad, alpha=-lr)` is a step too.

Nothing is called that could be hooked, so a few values of some parameters are compared: they were
read after the last backward, and a difference at the next batch, forward or backward is a step. It
is looked for only while no optimizer exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from goingdeep.watch.steps.gradients import NONE, Gradients, spread

if TYPE_CHECKING:
    from goingdeep.watch.steps.optimizers import Known
    from goingdeep.watch.watcher import Watcher

PARAMETERS = 4
VALUES = 8


class ByHand:
    """Finds steps that the loop does itself, in one thread."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._gradients: Gradients | None = None
        self._sample: list[Tensor] = []
        self._before: list[list[float]] = []
        self._known: Known | None = None
        self._models: set[int] = set()

    def state(self) -> str:
        """The state of the models' gradients."""
        return self._gradients.now() if self._gradients is not None else NONE

    def after_backward(self, models: set[int]) -> None:
        """Read the weights as they are before a step could come.

        Args:
            models: numbers of those that this thread has called.
        """
        if self._watcher.optimizers.alive:
            return
        self._models = models
        if self._gradients is None:
            parameters = [
                p
                for model, _, p in self._watcher.models.trainable()
                if model in models
                and p.device.type == "cpu"
                and p.is_floating_point()
                and p.numel()
            ]
            if not parameters:
                return
            self._sample = spread(parameters, PARAMETERS)
            self._gradients = Gradients(parameters)
        self._gradients.after_backward()
        self._before = [_values(parameter) for parameter in self._sample]

    def changed(self) -> Known | None:
        """The entry of the loop's own steps, if it has done one since the last backward."""
        before, self._before = self._before, []
        if not before or [_values(parameter) for parameter in self._sample] == before:
            self._before = before
            return None
        if self._known is None:
            trainable = self._watcher.models.trainable()
            own = [p for model, _, p in trainable if model in self._models]
            self._known = self._watcher.optimizers.by_hand(own)
        if self._gradients is not None:
            self._gradients.after_step()
        return self._known


def _values(parameter: Tensor) -> list[float]:
    flat = parameter.detach().reshape(-1)
    return flat[:: max(1, flat.shape[0] // VALUES)][:VALUES].tolist()
