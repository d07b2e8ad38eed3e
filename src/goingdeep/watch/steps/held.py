"""Losses whose gradients an optimizer holds: the loss of a step is the mean of these.

A backward adds its loss to every optimizer into whose gradients it wrote. Where the gradients are
gone (cleared, or thrown away after a GradScaler had skipped a step) their losses are, too. A step
takes what is there.
"""

from __future__ import annotations

from torch import Tensor


class Held:
    """The losses of one optimizer since its last step.

    A closure (LBFGS) computes the loss several times in a step, at weights further and further on.
    What counts is the first, at the weights where the step began, which `step` returns, too.
    """

    __slots__ = ("_closure", "_done", "_values")

    def __init__(self) -> None:
        self._values: list[float | Tensor] = []
        self._closure = self._done = False

    def add(self, value: float | Tensor) -> None:
        """A backward has written gradients of this loss; a tensor is read later."""
        if not self._done:
            self._values.append(value)

    def cleared(self) -> None:
        """Before a backward there were no gradients."""
        if not self._closure:
            self._values.clear()
        elif self._values:
            self._done = True

    def closure_began(self) -> None:
        """The step computes its gradients itself."""
        self._values.clear()
        self._closure = True

    def take(self) -> float | Tensor | tuple[float | Tensor, ...] | None:
        """A step has used them: their mean; None where there are none.

        Several of an accelerator are given as they are, since nobody waits for them here.
        """
        self._closure = self._done = False
        values = self._values
        if len(values) < 2:
            return values.pop() if values else None
        self._values = []
        numbers = [value for value in values if isinstance(value, float)]
        return sum(numbers) / len(numbers) if len(numbers) == len(values) else tuple(values)
