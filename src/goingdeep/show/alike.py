"""What is the same for a reader under another number: a loader made anew in each epoch."""

from __future__ import annotations

from goingdeep.record.reading import Seen
from goingdeep.record.seen import Anatomy, Fact, Loader, Op

OF_LOADERS = ("loader", "batch_of")
"""Facts of operations that are numbers of loaders."""


def same_loaders(found: Seen) -> dict[int, int]:
    """{number of a loader: the first one that was made and used alike}."""
    first: dict[object, int] = {}
    return {number: first.setdefault(_key(e), number) for number, e in found.loaders.items()}


def same_ways(found: Seen) -> dict[int, int]:
    """{number of an anatomy: the first one that does the same}, with loaders taken as alike."""
    loaders = same_loaders(found)
    if all(number == other for number, other in loaders.items()):
        return {number: number for number in found.anatomies}
    first: dict[object, int] = {}
    return {
        number: first.setdefault((anatomy.optimizer, _blocks(anatomy, loaders)), number)
        for number, anatomy in found.anatomies.items()
    }


def _key(loader: Loader) -> object:
    data = loader.dataset
    return (
        loader.site, loader.class_name, data.class_name, data.length, data.train, data.transforms,
        loader.length, loader.batch_size, loader.sampler, loader.shuffle, loader.drop_last,
        loader.workers,
    )  # fmt: skip


def _blocks(anatomy: Anatomy, loaders: dict[int, int]) -> object:
    return tuple(
        (block.times, tuple(_op(op, loaders) for op in block.ops)) for block in anatomy.blocks
    )


def _op(op: Op, loaders: dict[int, int]) -> object:
    return op.op, op.site, tuple(sorted((k, _fact(k, v, loaders)) for k, v in op.facts.items()))


def _fact(key: str, value: Fact, loaders: dict[int, int]) -> str:
    if key in OF_LOADERS and isinstance(value, int):
        value = loaders.get(value, value)
    return repr(value)  # facts are of different types, which cannot be sorted
