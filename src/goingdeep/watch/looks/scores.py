"""The gradient at the scores of a loss: the first link of the chain that backward follows.

It is read where autograd brings it to the operation that made the scores, by a hook at that node of
the graph, not at the tensor: a tensor with a hook warns when it is saved. The hook reads numbers
and changes nothing; it is taken away when the backward has ended.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import torch
from torch import Tensor

from goingdeep.record.look import FirstLink, Row
from goingdeep.watch.reading.aside import aside, not_now
from goingdeep.watch.reading.exact import exact_values
from goingdeep.watch.reading.tensors import plain, readable


class Scores:
    """The scores of the newest loss that was worked, until their gradient has come."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._found: list[FirstLink] = []

    def follow(self, scores: Tensor, rows: tuple[Row, ...]) -> None:
        """Wait for the gradient of some samples' scores."""
        self.let_go()
        node = scores.grad_fn
        if not rows or node is None:
            return
        place, shape = scores.output_nr, scores.shape
        found: list[FirstLink] = []  # of its own: the hook must hold nothing of the look

        def read(gradients: tuple[Tensor | None, ...]) -> None:
            if found or not_now():
                return
            # It runs inside of the program's backward: whatever happens, that must go on.
            with contextlib.suppress(Exception), aside():
                gradient = gradients[place]
                if gradient is not None and gradient.shape == shape and not readable(gradient):
                    found.extend(_links(plain(gradient).detach(), rows))

        self._found = found
        self._handle = node.register_prehook(read)

    def take(self) -> tuple[FirstLink, ...]:
        """What has come; empty where nothing did."""
        found = tuple(self._found)
        self.let_go()
        return found

    def let_go(self) -> None:
        """Wait no longer."""
        if self._handle is not None:
            self._handle.remove()
        self._handle, self._found = None, []


def _links(gradient: Tensor, rows: tuple[Row, ...]) -> list[FirstLink]:
    samples = gradient[[row.sample for row in rows]].flatten(1)
    counts = [len(row.classes) or samples.shape[1] for row in rows]
    if any(row.classes for row in rows):
        pairs = zip(samples, rows, strict=True)
        samples = torch.cat([one[list(r.classes)] if r.classes else one for one, r in pairs])
    numbers = iter(exact_values(samples.reshape(-1)))  # all at once, which is what costs least
    return [
        FirstLink(row.sample, tuple(itertools.islice(numbers, count)), row.classes)
        for row, count in zip(rows, counts, strict=True)
    ]
