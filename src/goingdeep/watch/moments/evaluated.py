"""Batches of evaluations, kept beside a moment: what a model is tested on, and the training's loader.

Which pass is an evaluation is told by what happens: no backward follows, and its loader is never
trained on. Nothing here changes a batch, and what is kept is bounded.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from goingdeep.watch.data.active import ActivePass
from goingdeep.watch.data.batches import labels_of, tensors_in
from goingdeep.watch.reading.aside import aside

BYTES = 16 << 20
BATCHES = 64


class Evaluated:
    """What the forwards of one program were given outside of training.

    loader: the first one that was trained on, itself: single samples can be read from it.
    """

    def __init__(self) -> None:
        self.loader: Any = None
        self._trained: set[int] = set()
        self._given: tuple[ActivePass, Any] | None = None
        self._kept: list[tuple[ActivePass, tuple[Tensor, Tensor]]] = []
        self._size = 0

    @property
    def batches(self) -> tuple[tuple[Tensor, Tensor], ...]:
        """(what the model was given, labels) of each batch, in order."""
        return tuple(
            batch
            for pass_, batch in self._kept
            if not pass_.backwards and pass_.loader not in self._trained
        )

    def given(self, pass_: ActivePass, data: Any) -> None:
        """A loader gave a batch."""
        full = self._size >= BYTES or len(self._kept) >= BATCHES
        self._given = None if full or pass_.loader in self._trained else (pass_, data)

    def forward(self, pass_: ActivePass | None, args: tuple[Any, ...]) -> None:
        """A model is called on what came from this pass."""
        given, self._given = self._given, None
        if pass_ is None:
            return
        if pass_.backwards and pass_.loader not in self._trained:
            self._trained.add(pass_.loader)
            if self.loader is None:
                self.loader = pass_.known.alive()
        if given is None or given[0] is not pass_ or not args or not isinstance(args[0], Tensor):
            return
        inputs = args[0]
        with aside():
            target = _target(tensors_in(given[1]), inputs)
            if target is None:
                return
            batch = (inputs.detach().clone(), target.detach().to(inputs.device, copy=True))
        self._size += sum(part.element_size() * part.numel() for part in batch)
        self._kept.append((pass_, batch))


def _target(tensors: list[Tensor], inputs: Tensor) -> Tensor | None:
    """What the input of a batch is compared with: its labels, or the second of two tensors."""
    if len(tensors) < 2 or not inputs.dim() or tensors[0].shape[:1] != inputs.shape[:1]:
        return None
    labels = labels_of(tensors, tensors[0])
    if labels is None and len(tensors) == 2 and tensors[1].shape[:1] == inputs.shape[:1]:
        return tensors[1]
    return labels
