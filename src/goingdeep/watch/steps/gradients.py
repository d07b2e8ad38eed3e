"""The state of an optimizer's gradients: none, zero, fresh, left over, summed.

A pointer alone proves nothing: memory is used again after a clear. What is compared is the tensor
object, its version counter, and a few values where both are unchanged or somebody wrote to it.
Every backward is seen before and after, so a gradient that is the same object with the same version
as after the last step is the one that the last step used.

On an accelerator a look at values waits for all work queued so far. There it is taken where it
decides something (a gradient that is still there after a step), the first few times and ever more
rarely after them; in between the last answer holds.

At most `SAMPLE` parameters of an optimizer are looked at on each step, the first and the last among
them: all of them would cost more than the step itself in a large model.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from goingdeep.watch.reading.aside import not_now

SAMPLE = 4
PROBES = 16
"""Values looked at to tell a gradient that was set to zero."""

WAITS = 4
"""Looks at an accelerator that are taken each time; after them those at powers of two."""

NONE, ZERO, FRESH, LEFT_OVER, SUMMED, MIXED, UNKNOWN = (
    "none", "zero", "fresh", "left-over", "summed", "mixed", "unknown",
)  # fmt: skip
GONE = (NONE, ZERO)
_WRITTEN = (FRESH, SUMMED)
_USED = (LEFT_OVER, SUMMED)


class Gradients:
    """Follows the gradients of some parameters over backward, step and clear.

    Args:
        parameters: those an optimizer owns.
    """

    __slots__ = ("_answers", "_memo", "_status", "_versions", "sample")

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        trainable = [p for p in parameters if p.requires_grad]
        self.sample = spread(trainable or list(parameters), SAMPLE)
        self._memo: list[tuple[int, int]] = [(0, 0)] * len(self.sample)
        self._status = [NONE] * len(self.sample)
        self._versions: list[int] = []
        self._answers: dict[bool, tuple[int, bool | None]] = {}
        self._observe()

    def _observe(self) -> None:
        """What is there when watching begins: nobody knows whether a step has used it."""
        for i, parameter in enumerate(self.sample):
            gradient = parameter.grad
            if gradient is not None:
                self._memo[i] = (id(gradient), gradient._version)  # noqa: SLF001
                self._status[i] = UNKNOWN

    def now(self) -> str:
        """The state as it is, in one word for all; found out by looking, and remembered.

        Parameters that got no gradient do not speak.
        """
        status, memo = self._status, self._memo
        together = NONE
        zero: bool | None = None
        for i, parameter in enumerate(self.sample):
            gradient = parameter.grad
            if gradient is None:
                status[i] = NONE
                continue
            word = status[i]
            seen = (id(gradient), gradient._version)  # noqa: SLF001
            if seen != memo[i] or word not in _WRITTEN:
                # Unchanged since a step used it, or written to by somebody: `p.grad.data.zero_()`
                # moves no version, so values decide. One look tells for all.
                if zero is None:
                    zero = self._zero(written=seen != memo[i])
                memo[i] = seen
                if zero:
                    word = status[i] = ZERO
                elif word in GONE:
                    word = status[i] = FRESH  # set by hand
            if together is NONE:
                together = word
            elif together is not word:
                together = MIXED
        return together

    def after_backward(self) -> bool:
        """A backward is over: what it wrote is fresh, or summed on top of what was left over.

        Returns whether it wrote to any.
        """
        status, memo = self._status, self._memo
        wrote = False
        for i, parameter in enumerate(self.sample):
            gradient = parameter.grad
            if gradient is None:
                continue
            seen = (id(gradient), gradient._version)  # noqa: SLF001
            if seen != memo[i] or status[i] is NONE:
                memo[i] = seen
                status[i] = SUMMED if status[i] in _USED else FRESH
                wrote = True
        return wrote

    def before_step(self) -> str:
        """The state of what the step will use."""
        self._versions = [parameter._version for parameter in self.sample]  # noqa: SLF001
        return self.now()

    def after_step(self) -> bool | None:
        """The step has used what was there; True where parameters were seen to be written to.

        None says nothing: a fused optimizer writes and moves no version. Close looks compare bits.
        What has become of the gradients is read when somebody asks for their state.
        """
        status = self._status
        for i, word in enumerate(status):
            if word is not NONE:
                status[i] = LEFT_OVER
        for parameter, version in zip(self.sample, self._versions, strict=False):
            if parameter._version != version:  # noqa: SLF001
                return True
        return None

    def _zero(self, *, written: bool) -> bool | None:
        """Whether the gradients are all zero, judged by a few values; None where not looked.

        written: whether somebody has written to them since.
        """
        if all(parameter.is_cpu for parameter in self.sample):
            return self._look()
        asked, answer = self._answers.get(written, (0, None))
        asked += 1
        if asked <= WAITS or asked & (asked - 1) == 0:
            answer = None if not_now() else self._look()
        self._answers[written] = asked, answer
        return answer

    def _look(self) -> bool | None:
        looked = False
        for parameter in sorted(self.sample, key=_size)[:3]:
            gradient = parameter.grad
            if gradient is None or gradient.is_meta:
                continue
            if gradient.is_sparse or not gradient.numel():
                continue
            looked = True
            flat = gradient.detach().reshape(-1) if gradient.is_contiguous() else gradient.detach()
            part = flat[:: max(1, flat.shape[0] // PROBES)] if flat.dim() == 1 else flat[0]
            if bool(part.any()):
                return False
        return True if looked else None


def _size(parameter: Tensor) -> int:
    return parameter.numel()


def spread(items: Sequence[Tensor], most: int) -> list[Tensor]:
    """At most `most` of them, the first and the last among them, evenly spread."""
    if len(items) <= most:
        return list(items)
    last = len(items) - 1
    return [items[round(i * last / (most - 1))] for i in range(most)]
