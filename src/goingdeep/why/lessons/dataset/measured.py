"""What dataset measures: the run's own dataset and loader, read sample by sample."""

from __future__ import annotations

import itertools
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

from goingdeep.record.answer import Failure
from goingdeep.show.numbers import spell
from goingdeep.watch.data.batches import tensors_in
from goingdeep.watch.reading.attributes import length_of, plain
from goingdeep.why.failing import attempt
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError, NotHereError

WORKERS = (0, 1, 2)
MOST_BATCHES = 30
SECONDS = 0.5
"""How long all batches that are timed may take without workers."""
PATIENCE = 10
"""Seconds after which a worker that gives nothing is given up."""
DRAWS = 2


@dataclass(frozen=True)
class Found:
    """What was measured.

    samples: in the dataset. parts: of one sample, each with its kind. transform: its name, or "".
    indices: of one batch. same: whether samples stacked by hand are that batch, bit for bit.
    batches: what the loader says; by_hand: samples / size, rounded up, or down where the last is
    dropped. last: samples in the last one.
    seconds: for the same batches, by number of workers; timed: how many batches.
    alive: of the batches that came before the newest one, how many are still in memory; bytes: of one.
    sizes: the error of samples of two sizes. draws: by generator, what each of two workers drew.
    """

    class_name: str
    samples: int
    parts: list[str]
    transform: str
    indices: list[int]
    same: bool | None
    size: int
    batches: int
    by_hand: int
    drop_last: bool
    last: int
    seconds: dict[int, float]
    timed: int
    alive: int
    before: int
    bytes: int
    sizes: Failure | None
    draws: dict[str, list[list[float]]]


def measure(lab: Lab) -> Found:
    """One sample, how indices become a batch, time by workers, what is held.

    Raises:
        NotHereError: the loop has no DataLoader. NoLabError: it is gone, or none of PyTorch's over a
        dataset that is read by index.
    """
    loader: Any = lab.experiment.loader
    if loader is None and not lab.experiment.seen.loaders:
        raise NotHereError("This loop takes its batches from somewhere else than a DataLoader.")
    if loader is None:
        raise NoLabError("the training's loader is not there any more, only its record")
    dataset = plain(loader, "dataset")
    sampler = plain(loader, "batch_sampler")
    count = length_of(dataset)
    iterable = isinstance(dataset, IterableDataset)
    if not isinstance(loader, DataLoader) or iterable or sampler is None or not count:
        raise NoLabError("its loader is not PyTorch's own over a dataset that is read by index")
    few = [[int(i) for i in indices] for indices in itertools.islice(iter(sampler), MOST_BATCHES)]
    size = len(few[0])
    first = dataset[few[0][0]]
    batch = _fetch(loader, dataset, few[0])
    sample = next(iter(tensors_in(first)), None)
    drop = plain(loader, "drop_last") is True
    batches = len(loader)
    by_hand = count // size if drop else -(-count // size)
    alive, before = _alive(loader, few)
    seconds, timed = _timed(loader, few)
    return Found(
        class_name=type(dataset).__name__,
        samples=count,
        parts=_parts(first),
        transform=_transform(dataset),
        indices=few[0],
        same=_same(dataset, few[0], batch),
        size=size,
        batches=batches,
        by_hand=by_hand,
        drop_last=drop,
        last=size if drop else min(size, max(0, count - size * (batches - 1))),
        seconds=seconds,
        timed=timed,
        alive=alive,
        before=before,
        bytes=sum(tensor.nbytes for tensor in tensors_in(batch)),
        sizes=_two_sizes(sample),
        draws=_draws(),
    )


def _fetch(loader: DataLoader[Any], dataset: Any, indices: list[int]) -> Any:
    """As PyTorch's loader does it: samples by their indices, and then put together."""
    given = (
        indices
        if type(loader.batch_sampler).__module__.startswith("torch")
        else torch.tensor(indices)
    )
    if callable(getattr(dataset, "__getitems__", None)):
        return loader.collate_fn(dataset.__getitems__(given))
    return loader.collate_fn([dataset[i] for i in indices])


def _parts(sample: Any) -> list[str]:
    items = sample if isinstance(sample, tuple | list) else [sample]
    if isinstance(sample, dict):
        items = list(sample.values())
    return [
        spell(str(item.dtype), tuple(item.shape))
        if isinstance(item, Tensor)
        else f"{type(item).__name__} {item!r:.20}"
        for item in items[:6]
    ]


def _transform(dataset: Any) -> str:
    transform = plain(dataset, "transform")
    return type(transform).__name__ if transform is not None else ""


def _same(dataset: Any, indices: list[int], batch: Any) -> bool | None:
    whole = next(iter(tensors_in(batch)), None)
    singles = [next(iter(tensors_in(dataset[i])), None) for i in indices]
    if whole is None or any(single is None for single in singles):
        return None
    stacked = torch.stack([single for single in singles if single is not None])
    return bool(stacked.shape == whole.shape and torch.equal(stacked, whole))


class _Order(Sequence[Any]):
    """Batches of indices, in the form in which the loader's own sampler gives them."""

    def __init__(self, loader: DataLoader[Any], few: list[list[int]]) -> None:
        own = type(loader.batch_sampler).__module__.startswith("torch")
        self._few: list[Any] = few if own else [torch.tensor(indices) for indices in few]

    def __len__(self) -> int:
        return len(self._few)

    def __getitem__(self, i: Any) -> Any:
        return self._few[i]


def _again(loader: DataLoader[Any], few: list[list[int]], workers: int = 0) -> DataLoader[Any]:
    return DataLoader(
        loader.dataset,
        batch_sampler=_Order(loader, few),
        collate_fn=loader.collate_fn,
        num_workers=workers,
        timeout=PATIENCE if workers else 0,
    )


def _timed(loader: DataLoader[Any], few: list[list[int]]) -> tuple[dict[int, float], int]:
    """Seconds for the same batches by number of workers, their start included."""
    one = _seconds(_again(loader, few[:1]))
    count = max(2, min(len(few), int(SECONDS / max(one, 1e-6))))
    found: dict[int, float] = {}
    for workers in WORKERS:
        if workers and torch.multiprocessing.get_start_method(allow_none=False) != "fork":
            break  # elsewhere each worker imports the whole program again
        try:
            found[workers] = _seconds(_again(loader, few[:count], workers))
        except Exception:  # noqa: BLE001 - a dataset that cannot be read by another process
            break
    return found, min(count, len(few))


def _seconds(loader: DataLoader[Any]) -> float:
    began = time.perf_counter()
    for _ in loader:
        pass
    return time.perf_counter() - began


def _alive(loader: DataLoader[Any], few: list[list[int]]) -> tuple[int, int]:
    """Of the batches before the newest, how many are still in memory; and how many there were."""
    kept: list[weakref.ref[Tensor]] = []
    batch: Any = None
    for batch in _again(loader, few[:4]):
        tensor = next(iter(tensors_in(batch)), None)
        if tensor is not None:
            kept.append(weakref.ref(tensor))
        del tensor
    return sum(reference() is not None for reference in kept[:-1]), max(0, len(kept) - 1)


def _two_sizes(sample: Tensor | None) -> Failure | None:
    if sample is None or not sample.dim() or sample.shape[-1] < 2:
        return None
    shapes = [spell(str(t.dtype), tuple(t.shape)) for t in (sample, sample[..., :-1])]
    return attempt(
        f"samples of two sizes in a batch: {shapes[0]} and {shapes[1]}",
        lambda: default_collate([sample, sample[..., :-1]]),
        "A batch is one tensor, so all its samples must have the same size: resize or crop them.",
    )


class _Random(Dataset[float]):
    """Draws a number for each sample, from NumPy's global generator or from one of its own."""

    def __init__(self, own: np.random.Generator | None) -> None:
        self._own = own

    def __len__(self) -> int:
        return 2 * DRAWS

    def __getitem__(self, _: int) -> float:
        return float(self._own.random() if self._own is not None else np.random.rand())  # noqa: NPY002 - what many transforms draw from


def _draws() -> dict[str, list[list[float]]]:
    """What each of two workers draws: a generator that a dataset holds is copied into both."""
    found: dict[str, list[list[float]]] = {}
    if torch.multiprocessing.get_start_method(allow_none=False) != "fork":
        return found
    for name, own in (
        ("numpy.random", None),
        ("a generator of the dataset's own", np.random.default_rng(0)),
    ):
        loader = DataLoader(_Random(own), batch_size=DRAWS, num_workers=2, timeout=PATIENCE)
        try:
            found[name] = [batch.tolist() for batch in loader]
        except Exception:  # noqa: BLE001 - no processes can be started here
            return {}
    return found
