"""Modules that ran inside a model and are none of its own: written once it is known whose they are.

Before the first step nobody can say: their parameters may belong to a model that is called later,
or to an optimizer whose models were not known yet.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor, nn

from goingdeep.record.seen import ModuleHidden

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher


class Hidden(NamedTuple):
    """One such module. site: the line that called it. parameters: its own, and its parts'."""

    class_name: str
    inside: str
    model: int
    site: int
    grad: bool
    parameters: list[weakref.ref[Tensor]]


def tell(watcher: Watcher, waiting: list[Hidden]) -> None:
    """Write them, with the parameters that no model has.

    Changes: `waiting`, which is empty afterwards.
    """
    for hidden in waiting:
        alive = [tensor for ref in hidden.parameters if (tensor := ref()) is not None]
        # Keras calls its layers under a model of its own, which registers their variables.
        nobodys = [tensor for tensor in alive if watcher.models.where(tensor)[0] < 0]
        if alive and not nobodys:
            continue
        watcher.recorder.event(
            ModuleHidden,
            class_name=hidden.class_name,
            inside=hidden.inside,
            model=hidden.model,
            site=hidden.site,
            parameters=sum(p.numel() for p in nobodys if not nn.parameter.is_lazy(p)),
            trainable=any(p.requires_grad for p in nobodys),
            owned=watcher.optimizers.owns(nobodys),
            grad=hidden.grad,
        )
    waiting.clear()
