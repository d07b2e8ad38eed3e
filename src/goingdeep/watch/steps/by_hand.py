"""Loops without an optimizer: `p.data.add_(p.grad, alpha=-lr)` is a step too.

Nothing is called that could be hooked, so a few values of some parameters are compared: they were
read after the last backward, and a difference at the next batch, forward or backward is a step. It
is looked for only while no optimizer exists. From an accelerator they are read too, which waits for
it: nothing else tells such a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from goingdeep.watch.reading.aside import aside, not_now
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
        self._before: list[float] = []
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
                if model in models and not p.is_meta and p.is_floating_point() and p.numel()
            ]
            if not parameters:
                return
            self._sample = spread(parameters, PARAMETERS)
            self._gradients = Gradients(parameters)
        self._gradients.after_backward()
        self._before = _values(self._sample)

    def changed(self) -> Known | None:
        """The entry of the loop's own steps, if it has done one since the last backward."""
        before, self._before = self._before, []
        if not before or _values(self._sample) in ([], before):
            self._before = before
            return None
        if self._known is None:
            trainable = self._watcher.models.trainable()
            own = [p for model, _, p in trainable if model in self._models]
            self._known = self._watcher.optimizers.by_hand(own)
        if self._gradients is not None:
            self._gradients.after_step()
        return self._known


def _values(parameters: list[Tensor]) -> list[float]:
    """A few of each; nothing where they cannot be read now."""
    if not_now():
        return []
    with aside():
        return [value for parameter in parameters for value in _some(parameter).tolist()]


def _some(parameter: Tensor) -> Tensor:
    flat = parameter.detach().reshape(-1)
    return flat[:: max(1, flat.shape[0] // VALUES)][:VALUES]
