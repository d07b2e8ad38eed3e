"""A moment: some steps of a training loop, kept so that they can be replayed with one thing changed.

moments.py records them; `replay` does them again. A moment holds copies: the program's modules,
optimizers and tensors are neither kept alive nor touched.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import Tensor, nn, optim

from goingdeep.watch.moments.recorded import Backward, Forward, Loss, RecordedStep, Step, Use
from goingdeep.watch.reading.arithmetic import Arithmetic

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

GAP = "moment"


class CannotReplayError(Exception):
    """A moment cannot be replayed as asked. Its text goes to the reader."""


@dataclass
class Moment:
    """Some recorded steps that can be replayed.

    step: number of the first of them, over all optimizers. modules, optimizers: copies of the
    program's as they were before it, never run themselves. values: for each step the losses that
    were differentiated. size: bytes it takes. left_out: attributes of modules that were not copied.
    replayable: None until `replay.verify` has found out; reason: why not; cost: processor seconds
    that one of its steps takes. arithmetic: PyTorch's switches meanwhile.
    """

    watcher: Watcher
    step: int
    modules: list[nn.Module]
    optimizers: list[optim.Optimizer]
    steps: list[RecordedStep]
    values: list[list[float]]
    size: int = 0
    left_out: list[str] = field(default_factory=list)
    replayable: bool | None = None
    reason: str = ""
    cost: float = 0.0
    arithmetic: Arithmetic = field(default_factory=Arithmetic.now)

    @property
    def losses(self) -> list[float]:
        """One number a step: see `means`."""
        return means(self.values)

    def batches(self) -> list[tuple[Tensor, Tensor]]:
        """Copies of each step's input and target, where a step has one of each.

        Raises:
            CannotReplayError: the steps are not as simple as that.
        """
        return [_batch(step) for step in self.steps]

    def simple_batches(self) -> list[tuple[Tensor, Tensor]]:
        """The same of those steps that are as simple as that; there may be none."""
        found = []
        for step in self.steps:
            with contextlib.suppress(CannotReplayError):
                found.append(_batch(step))
        return found


def _batch(step: RecordedStep) -> tuple[Tensor, Tensor]:
    kinds = [type(op) for op in step.operations]
    if any(kinds.count(kind) != 1 for kind in (Forward, Loss, Backward, Step)):
        raise CannotReplayError("a step has more than one forward, loss or backward, or none")
    found: dict[str, list[Tensor]] = {"input": [], "target": []}
    for op in step.operations:
        if isinstance(op, Forward | Loss):
            for argument in (*op.args, *op.kwargs.values()):
                if isinstance(argument, Use) and argument.role:
                    found[argument.role].append(argument.constant.fresh())
    if [len(tensors) for tensors in found.values()] != [1, 1]:
        raise CannotReplayError("a step has no single input and single target")
    return found["input"][0], found["target"][0]


def number(value: Tensor) -> float:
    """A loss as a number; the mean of one that is not reduced."""
    return float(value.detach().cpu().double().mean())  # not every device has float64


def means(values: list[list[float]]) -> list[float]:
    """The mean loss of each step; a step without a backward of its own has that of the one before.

    >>> means([[1.0, 3.0], [], [0.5]])
    [2.0, 2.0, 0.5]
    """
    found: list[float] = []
    for losses in values:
        last = found[-1] if found else math.nan
        found.append(sum(losses) / len(losses) if losses else last)
    return found
