"""What a pass reads while it lasts: batches are counted, hashed and, now and then, looked into."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from goingdeep.watch.data.batches import PICTURES, input_of, labels_of, samples_in, tensors_in
from goingdeep.watch.data.contents import InputNumbers, LabelCounts
from goingdeep.watch.data.samples import U64
from goingdeep.watch.data.taken import HEAD, Samples, Taken
from goingdeep.watch.reading.aside import aside

LABEL_BATCHES = 32
"""Batches whose labels are looked at one by one; after them every 16th."""

WHOLE_PASSES = 2
"""Passes of a loader that are read whole. Of later ones, whose order its sampler tells, the first
batches are read: what is in the data set is known by then."""

_function_off = torch._C.DisableTorchFunction  # noqa: SLF001


class Read:
    """What was read so far.

    Args:
        collated: whether the loader joins samples into batches.
        check: whether it is to be checked that hashes tell the samples apart.
        briefly: read the first batches only.

    unread: whether there are samples that were not hashed.
    """

    __slots__ = (
        "_briefly", "_hashes", "batches", "collated", "inputs", "labels", "last_batch", "samples",
        "unread",
    )  # fmt: skip

    def __init__(self, *, collated: bool, check: bool, briefly: bool = False) -> None:
        self.batches = self.samples = self.last_batch = 0
        self.unread = False
        self.labels = LabelCounts()
        self.inputs: InputNumbers | None = None
        self.collated = collated
        self._briefly = briefly
        self._hashes: Samples | None = Samples(check=check)

    def take(self, data: Any) -> tuple[list[Tensor], Tensor | None, U64 | None]:
        """Count one batch and look into it; returns its tensors, its input and its hashes."""
        self.batches = number = self.batches + 1
        tensors = tensors_in(data)
        if self._briefly and number > HEAD and self.collated and tensors:
            # The usual case in short: a picture and its label, of which nothing new is to be read.
            picture = tensors[0]
            if type(picture) is Tensor and picture.dtype in PICTURES and picture.dim() > 1:
                self.unread = True
                self.last_batch = picture.size(0)
                self.samples += self.last_batch
                return tensors, picture, None
        hashes = count = None
        with _function_off():
            first = input_of(tensors)
            if first is None or not first.dim() or first.is_nested:
                count = samples_in(data, tensors, first, collated=self.collated)
            else:
                alone = False
                if not self.collated:
                    count = samples_in(data, tensors, first, collated=False)
                    alone = count == 1
                elif self._briefly or not first.is_cpu:
                    count = first.size(0)
                # At powers of two the values are looked at, too: at most 32 times a pass.
                if self._briefly and number > HEAD:
                    pass
                elif number <= LABEL_BATCHES or number & 15 == 0 or not first.is_cpu:
                    hashes = self._look(tensors, first, number, alone=alone)
                elif self._hashes is not None:
                    hashes = self._hashes.read(first, alone=alone)
        if hashes is None:
            self.unread = True
            count = first.size(0) if count is None and first is not None else count or 0
        elif count is None:
            count = len(hashes)
        self.samples += count
        self.last_batch = count
        return tensors, first, hashes

    def _look(
        self, tensors: list[Tensor], first: Tensor, number: int, *, alone: bool
    ) -> U64 | None:
        """Look at the labels and, now and then, at the values of a batch."""
        if number == 1:
            self.inputs = InputNumbers(tuple(first.shape), str(first.dtype)[6:])
        labels = labels_of(tensors, first)
        if labels is not None and not labels.is_cpu:
            labels = on_cpu(labels) if number <= LABEL_BATCHES else None
        if labels is not None:
            self.labels.look(labels)
        if not first.is_cpu:
            # Reading from an accelerator waits for all its work.
            self.unread = True
            copied = on_cpu(first) if number <= HEAD else None
            if copied is None:
                return None
            first = copied
        if number & (number - 1) == 0 and self.inputs is not None:
            self.inputs.look(first)
        return self._hashes.read(first, alone=alone) if self._hashes is not None else None

    def hand_over(self) -> Taken | None:
        """Its samples, once."""
        hashes, self._hashes = self._hashes, None
        return hashes.close() if hashes is not None and hashes.count else None


def on_cpu(tensor: Tensor) -> Tensor | None:
    """The tensor on the CPU, behind the user's modes; None where it has no values."""
    if tensor.is_meta:
        return None
    try:
        with aside():
            return tensor.detach().cpu()
    except (RuntimeError, NotImplementedError):
        return None
