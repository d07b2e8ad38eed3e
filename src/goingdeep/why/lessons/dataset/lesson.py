"""What do Dataset and DataLoader do?

## Short answer
A Dataset answers one question: what is sample number i? A DataLoader chooses numbers (in order or
shuffled), asks for these samples, and puts them together as one batch. Workers are processes that do
the asking while the model computes.

## Asked as
* what is a DataLoader, what is a Dataset, collate_fn, __getitem__, num_workers
* how many batches, len of the loader, last batch is smaller, drop_last
* stack expects each tensor to be equal size, same random numbers in every worker

## Sources
* PyTorch, torch.utils.data: https://docs.pytorch.org/docs/stable/data.html

## Read next
nchw, batch
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import counted, exact, number
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.dataset.measured import Found, measure

MIB = 1024 * 1024
SLOWER = 1.05
"""A time this much longer is longer; less than that is the machine's own unrest."""


def recorded(seen: Seen) -> Iterator[Blocks]:
    """The loaders of the program."""
    rows = [
        (
            loader.class_name,
            loader.dataset.class_name if loader.dataset else "",
            number(loader.batch_size) if loader.batch_size else "",
            number(loader.length) if loader.length is not None else "",
            "" if loader.shuffle is None else "yes" if loader.shuffle else "no",
            number(loader.workers),
        )
        for loader in seen.loaders.values()
    ]
    if rows:
        head = ("loader", "dataset", "batch size", "batches", "shuffled", "workers")
        yield Table("loaders of this run", head, tuple(rows[:8]), "llrrlr")


def see(found: Found) -> Iterator[Blocks]:
    """One sample, a batch, the number of batches, time by workers."""
    made = f", after its transform {found.transform}" if found.transform else ""
    yield Text(
        f"{found.class_name} has {number(found.samples)} samples. Sample {found.indices[0]} is "
        f"({', '.join(found.parts)}){made}."
    )
    shown = ", ".join(map(str, found.indices[:6]))
    if found.same is not None:
        equal = "is, bit for bit," if found.same else "is not"
        yield Text(
            f"The sampler chose {shown}, ... ({counted(len(found.indices), 'number')}). What "
            f"torch.stack makes of these samples {equal} the loader's batch"
            f"{'.' if found.same else ': a sample is another one each time it is asked for.'}"
        )
    how = "rounded down, for the rest is dropped" if found.drop_last else "rounded up"
    yield Text(
        f"Batches: {number(found.samples)} / {found.size}, {how}: by hand {found.by_hand}, "
        f"len(loader) {found.batches}. The last one has {counted(found.last, 'sample')}."
    )
    if len(found.seconds) > 1:
        yield Table(
            f"{found.timed} batches, without any training",
            ("workers", "seconds"),
            tuple((number(w), number(s)) for w, s in found.seconds.items()),
            "rr",
            note="starting the workers is counted",
        )


def broken(found: Found) -> Iterator[Blocks]:
    """Samples of two sizes; the same random numbers in each worker."""
    if found.sizes is not None:
        yield found.sizes
    rows = [
        (name, *(", ".join(exact(value) for value in worker) for worker in workers))
        for name, workers in found.draws.items()
        if len(workers) == 2
    ]
    if rows:
        yield Table(
            "random numbers that two workers draw", ("drawn from", "worker 0", "worker 1"),
            tuple(rows),
            note="PyTorch seeds the global generators of each worker; one that the dataset holds is "
            "copied, and every worker augments alike",
        )  # fmt: skip


def _faster(found: Found) -> Judged:
    if len(found.seconds) < 2:
        return judged("not measured", "Workers could not be started here.")
    times = list(found.seconds.items())
    said = ", ".join(f"{number(s)} s with {w}" for w, s in times)
    numbers = {f"seconds_{w}": s for w, s in times}
    steps = list(itertools.pairwise(found.seconds.values()))
    took = f"{found.timed} batches took {said}"
    if any(later > SLOWER * earlier for earlier, later in steps):
        return judged(
            "false",
            f"{took}: a worker has to be started, and what it makes has to be carried over.",
            **numbers,
        )
    if all(SLOWER * later < earlier for earlier, later in steps):
        return judged("true", f"Here each one made it faster: {took}.", **numbers)
    return judged("half true", f"Not each one made it faster: {took}.", **numbers)


def _holds(found: Found) -> Judged:
    numbers = {"alive": found.alive, "before": found.before, "bytes": found.bytes}
    if not found.before:
        return judged("not measured", "There is one batch only.")
    whole = found.bytes * found.batches / MIB
    said = (
        f"A batch takes {number(found.bytes / MIB)} MiB, all {found.batches} would take "
        f"{number(whole)}. Of {counted(found.before, 'batch', 'batches')} before the newest one, "
        f"{found.alive} were still in memory."
    )
    if found.alive == 0:
        return judged("false", f"{said} What else is held is the dataset's own affair.", **numbers)
    return judged("true" if found.alive == found.before else "half true", said, **numbers)


def _equal(found: Found) -> Judged:
    said = (
        f"{number(found.samples)} samples make {found.batches} batches of {found.size}, and the last "
        f"one has {found.last}."
    )
    if found.last == found.size:
        said += " With another number of samples it would be shorter, or dropped."
        return judged("half true", said, last=found.last, size=found.size)
    return judged("false", said, last=found.last, size=found.size)


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("More workers are always faster.", _faster),
        Claim("The loader holds all data in memory.", _holds),
        Claim("All batches have the same size.", _equal),
    ),
    places=("loader", "batch"),
)
