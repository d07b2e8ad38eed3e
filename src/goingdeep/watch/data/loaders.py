"""What a DataLoader is: facts that are written at its first walk.

Read from plain attributes. No property is asked: it could be the user's code. Lengths are, where
PyTorch asks for them too.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from torch.utils.data import (
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from goingdeep.record.seen import Dataset
from goingdeep.watch.data.datasets import Datasets
from goingdeep.watch.data.transforms import own_transforms
from goingdeep.watch.reading.attributes import length_of, plain

MAX_DEPTH = 6
_RANDOM = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)

# Their samplers know their length; one of the user's may draw random numbers to tell it.
_TRUSTED = frozenset(
    {
        "torch",
        "torchvision",
        "accelerate",
        "transformers",
        "lightning",
        "lightning_fabric",
        "pytorch_lightning",
        "ignite",
        "skorch",
        "keras",
        "goingdeep",
    }
)


class KnownLoader:
    """A loader that was met. walks: iterators made of it. passes: walks with at least a batch.

    batched: it joins samples although PyTorch was told that it does not (fastai). length: batches
    of a whole pass, where the dataset is read by index. sign: dataset and line, by which a loader
    that is made anew for each pass is known again.
    """

    def __init__(self, number: int, loader: object, died: Callable[[Any], None]) -> None:
        self.id = number
        self.walks = self.passes = 0
        self.length: int | None = None
        self.sign: tuple[int, int] | None = None
        self.alive: Callable[[], object] = _nothing
        self.name(loader, died)

    def name(self, loader: object, died: Callable[[Any], None]) -> None:
        """This object is the loader. died: told when it is gone."""
        self.written = False
        self.batched = type(loader).__name__ == "_FakeLoader"
        try:
            self.alive = weakref.ref(loader, died)
        except TypeError:
            self.alive = lambda: loader


def _nothing() -> None:
    return None


def stand_in(iterator: Any) -> object:
    """What tells the loader of an iterator whose making was not seen."""
    dataset = plain(iterator, "_dataset")
    # fastai's loader is its own dataset; otherwise a loader has a sampler to itself.
    return dataset if type(dataset).__name__ == "_FakeLoader" else plain(iterator, "_index_sampler")


def loader_facts(loader: object, iterator: Any, datasets: Datasets) -> dict[str, Any]:
    """The fields of a `Loader` event.

    loader: None where its walk had begun before it could be seen; then the iterator tells.
    """
    if loader is None and type(stand_in(iterator)).__name__ == "_FakeLoader":
        loader = stand_in(iterator)
    fastai = plain(loader, "d") if type(loader).__name__ == "_FakeLoader" else None
    if fastai is not None:
        return _fastai_facts(loader, fastai, datasets)
    index_sampler = plain(iterator, "_index_sampler")
    dataset = plain(iterator, "_dataset")
    workers = plain(iterator, "_num_workers")
    chain = sampler_chain(index_sampler)
    batch_size = plain(chain[0], "batch_size") if chain else None
    if loader is not None:
        batch_size = plain(loader, "batch_size") or batch_size
    sampler = chain[-1] if chain else None
    drop_last = plain(iterator, "_drop_last") is True or (
        bool(chain) and plain(chain[0], "drop_last") is True
    )
    iterable = isinstance(dataset, IterableDataset)
    size = _whole(batch_size)
    samples = None if iterable else length_of(sampler) if _trusted(sampler) else None
    batches = None
    if iterable:
        # Asking for it would change what PyTorch warns of: use it where the program has asked.
        known = _whole(plain(iterator, "_IterableDataset_len_called"))
        if known is not None and size:
            batches = known // size if drop_last else -(-known // size)
    elif all(map(_trusted, chain)):
        batches = length_of(index_sampler)
    facts: Dataset = datasets.facts(dataset, iterable=iterable)
    return {
        "class_name": type(loader).__qualname__ if loader is not None else "DataLoader",
        "dataset": facts,
        "length": batches,
        "batch_size": size,
        "sampler": "" if iterable or sampler is None else type(sampler).__qualname__,
        "shuffle": None if iterable else shuffles(sampler),
        "drop_last": drop_last,
        "drops": samples % size if drop_last and samples and size else 0,
        "workers": _whole(workers) or 0,
        "persistent": plain(iterator, "_persistent_workers") is True,
        "worker_init": plain(loader, "worker_init_fn") is not None,
        "seeded_generator": plain(loader, "generator") is not None,
    }


def _fastai_facts(fake: object, loader: object, datasets: Datasets) -> dict[str, Any]:
    """What fastai's loader is. It draws its own batches: PyTorch's part of it only fetches them."""
    size, samples = _whole(plain(loader, "bs")), _whole(plain(loader, "n"))
    drop_last = plain(loader, "drop_last") is True
    shuffle = plain(loader, "shuffle")
    batches = None
    if samples is not None and size:
        batches = samples // size if drop_last else -(-samples // size)
    around = tuple(
        name for when in ("after_item", "before_batch", "after_batch")
        for name in own_transforms(plain(loader, when))
    )  # fmt: skip
    return {
        "class_name": type(loader).__qualname__,
        "dataset": datasets.facts(plain(loader, "dataset"), around=around),
        "length": batches,
        "batch_size": size,
        "sampler": "",
        "shuffle": shuffle if isinstance(shuffle, bool) else None,
        "drop_last": drop_last,
        "drops": samples % size if drop_last and samples and size else 0,
        "workers": _whole(plain(fake, "num_workers")) or 0,
        "persistent": plain(fake, "persistent_workers") is True,
        "worker_init": True,  # its own, which seeds
        "seeded_generator": False,
    }


def sampler_chain(sampler: object) -> list[object]:
    """A sampler of batches, what it draws from, and so on."""
    chain: list[object] = []
    while sampler is not None and len(chain) < MAX_DEPTH:
        chain.append(sampler)
        inner = plain(sampler, "batch_sampler")
        sampler = inner if inner is not None else plain(sampler, "sampler")
    return chain


def shuffles(sampler: object) -> bool | None:
    """Whether a sampler's order is random; None for one that PyTorch does not know."""
    if isinstance(sampler, DistributedSampler):
        shuffle = plain(sampler, "shuffle")
        return shuffle if isinstance(shuffle, bool) else None
    if isinstance(sampler, _RANDOM):
        return True
    return False if isinstance(sampler, SequentialSampler) else None


def _trusted(sampler: object) -> bool:
    return type(sampler).__module__.partition(".")[0] in _TRUSTED


def _whole(value: object) -> int | None:
    return value if type(value) is int else None
