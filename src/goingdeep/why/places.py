"""Lines of the user's source that belong to a topic, from the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goingdeep.check import Run
from goingdeep.record import seen
from goingdeep.record.answer import Place
from goingdeep.record.reading import Seen
from goingdeep.show.names import Names

MOST = 6


def operations(found: Seen) -> Iterator[seen.Op]:
    """Operations of the way in which most steps were done."""
    counts = Run.of_seen(found).steps_by_anatomy
    best = max(counts, key=lambda anatomy: counts[anatomy], default=-1)
    anatomy = found.anatomies.get(best)
    for block in anatomy.blocks if anatomy is not None else ():
        yield from block.ops


def places(found: Seen, kinds: Iterable[str]) -> tuple[Place, ...]:
    """Where operations of these kinds are, each line once.

    Args:
        kinds: "forward", "loss", "backward", "step", "clear", "batch", "mode"; "loader", "model" and
            "optimizer" for where they were made.
    """
    wanted, names = set(kinds), Names(found)
    sites = [(op.op, op.site) for op in operations(found) if op.op in wanted]
    if "loader" in wanted:
        sites += [("loader", loader.made) for loader in found.loaders.values()]
    if "model" in wanted:
        sites += [("model", model.site) for model in found.models.values()]
    if "optimizer" in wanted:
        sites += [("optimizer", optimizer.site) for optimizer in found.optimizers.values()]
    result: dict[tuple[str, int], Place] = {}
    for what, number in sites:
        site = found.site(number)
        if site is not None:
            file = names.full_place(site).rpartition(":")[0]
            place = Place(what, file, site.line, site.source)
            result.setdefault((file, site.line), place)
    return tuple(result[key] for key in sorted(result))[:MOST]
