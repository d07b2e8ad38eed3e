"""From one uint8 array to batches, through the standard `torch.utils.data.DataLoader`.

What the quickstart's loader does 60,000 times an epoch in Python (picture -> ToTensor -> collate)
happens here once a batch: the dataset answers `__getitems__`, which the DataLoader calls when it
exists. A batch is what ToTensor would have given, bit for bit: float32 N,C,H,W in 0..1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from goingdeep.data.augment import EpochPlan, augment
from goingdeep.data.images import Part

Batch = tuple[Tensor, Tensor]


def to_float(images: Tensor) -> Tensor:
    """u8 0..255 to f32 0..1, as torchvision's ToTensor does it.

    >>> to_float(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    return images.to(torch.float32).div_(255)


class ImageDataset(Dataset[Batch]):
    """Images and labels of one part.

    Args:
        part: u8[N,C,H,W] and i64[N].
        plan: what to do to each sample in this epoch; None changes nothing.
    """

    def __init__(self, part: Part, plan: EpochPlan | None = None) -> None:
        # from_numpy shares memory; a read-only memory map is only ever read, so torch's warning
        # that writing to it would be undefined does not concern us.
        import warnings

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            self.images = torch.from_numpy(part.images)
            self.labels = torch.from_numpy(part.labels)
        self.plan = plan

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Batch:
        """One sample: f32[C,H,W] and a scalar label."""
        images, labels = self.__getitems__(torch.tensor([index]))
        return images[0], labels[0]

    def __getitems__(self, indices: Tensor) -> Batch:
        """A whole batch: f32[n,C,H,W] and i64[n]."""
        # index_select copies whole images; self.images[indices] would copy byte by byte.
        images = self.images.index_select(0, indices)
        if self.plan is not None:
            images = augment(images, indices, self.plan)
        return to_float(images), self.labels[indices]


class Slices(Sampler[Tensor]):
    """The order of an epoch cut into batches; `start` leaves out the first ones after a resume.

    A last batch of one sample is left out when there are others: BatchNorm cannot normalise it.
    """

    def __init__(self, order: Tensor, batch_size: int, start: int = 0) -> None:
        self.slices = order.split(batch_size)
        if batch_size > 1 and len(self.slices) > 1 and len(self.slices[-1]) == 1:
            self.slices = self.slices[:-1]
        self.start = start

    def __len__(self) -> int:
        return len(self.slices) - self.start

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.slices[self.start :])


def steps_per_epoch(count: int, batch_size: int) -> int:
    """How many batches `Slices` makes of `count` samples.

    >>> steps_per_epoch(60_000, 64)
    938
    """
    whole, rest = divmod(count, batch_size)
    return max(1, whole + (rest > 1))


def training_batches(
    part: Part, plan: EpochPlan, batch_size: int, *, start: int = 0, workers: int = 0
) -> DataLoader[Batch]:
    """The batches of one epoch, from batch `start` on."""
    return _loader(ImageDataset(part, plan), Slices(plan.order, batch_size, start), workers)


def batches_in_order(part: Part, batch_size: int = 500) -> DataLoader[Batch]:
    """Every sample once, in order; 500 small images and their activations fit a cache."""
    return _loader(ImageDataset(part), torch.arange(len(part)).split(batch_size), workers=0)


def _loader(dataset: ImageDataset, batches: Iterable[Tensor], workers: int) -> DataLoader[Batch]:
    return DataLoader(
        dataset,
        # The type asks for lists of indices; a tensor of them is faster, and reaches only us.
        batch_sampler=batches,  # type: ignore[arg-type]
        collate_fn=_already_a_batch,  # type: ignore[arg-type]
        num_workers=workers,
        # iter(DataLoader) draws a seed for its workers, from the global generator if it has none of
        # its own: that would move Dropout's random numbers, and a resumed run would differ.
        generator=torch.Generator().manual_seed(0),
    )


def _already_a_batch(batch: Batch) -> Batch:
    return batch
