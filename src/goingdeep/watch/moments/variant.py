"""One thing changed in a replay: the mistake, or its remedy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

Batch = tuple[Tensor, Tensor]
"""What a model was given, and what its loss was given to compare with."""


@dataclass(frozen=True)
class Variant:
    """What a replay does differently. Everything that is left alone happens as recorded.

    name: how a sentence says it: "with gradients never cleared".

    clear: "never"; "between" (between backward and step); "right" (after each step, and before the
        first backward), whatever the loop does.
    step: False leaves out the optimizer's steps.
    rate: a factor on every learning rate. rate_held: whether it stays what it was before the moment.
    uphill: step with the gradients' signs turned.
    clip: clip the L2 norm of each optimizer's gradients to this; infinity leaves recorded clipping
        out.
    scale: a factor on what backward begins at.
    train_mode: the mode of every model at every forward.
    adopt: the first optimizer updates what requires a gradient and is owned by none.

    module: model -> model, a copy that may be changed; called once for each model.
    inputs: what a model is given first -> what it is given instead.
    batches: all batches -> other batches, of any number and sizes. A step then takes one of them.
        Only where each step has one forward, one loss and one backward.
    leave_out: names of small operations between model and loss that are left out ("softmax",
        "sigmoid", "relu", "reshape", ...; see `links`).
    before_loss: outputs -> what the loss is given.
    loss: (outputs, targets) -> loss, instead of the recorded function; outputs as that was given.
    """

    name: str = ""
    clear: Literal["as recorded", "never", "between", "right"] = "as recorded"
    step: bool = True
    rate: float = 1.0
    rate_held: bool = False
    uphill: bool = False
    clip: float | None = None
    scale: float = 1.0
    train_mode: bool | None = None
    adopt: bool = False
    module: Callable[[nn.Module], nn.Module] | None = None
    inputs: Callable[[Tensor], Tensor] | None = None
    batches: Callable[[list[Batch]], list[Batch]] | None = None
    leave_out: tuple[str, ...] = ()
    before_loss: Callable[[Tensor], Tensor] | None = None
    loss: Callable[[Tensor, Tensor], Tensor] | None = None

    @property
    def changes_loss(self) -> bool:
        """Whether losses are no longer measured as recorded."""
        return bool(self.leave_out) or self.before_loss is not None or self.loss is not None

    @property
    def clips(self) -> bool:
        """Whether it clips by itself."""
        return self.clip is not None and math.isfinite(self.clip)


UNCHANGED = Variant("as recorded")
