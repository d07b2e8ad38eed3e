"""What the two pages show, as plain data for JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from goingdeep.record.encoding import finite
from goingdeep.record.reading import Seen
from goingdeep.record.seen import Op
from goingdeep.show.chosen import Chosen, choose
from goingdeep.show.curves import Values, own_step
from goingdeep.show.difference import other_ways
from goingdeep.show.names import Names
from goingdeep.show.order import sections
from goingdeep.show.repeats import items_of
from goingdeep.show.step import choose_step
from goingdeep.show.walks import several
from goingdeep.show.words import Words


def loop_facts(folder: Path) -> dict[str, Any]:
    """What `loop_text` says: the run, its loops with each operation, passes and gaps.

    Raises:
        As `loop_text`.
    """
    chosen = choose(folder)
    found = chosen.seen
    names = Names(found)
    words = Words(found, names)
    words.several = several(found)
    loops = []
    for section in sections(found):
        loss = Values.read(found, "loss", section.optimizers[0])
        others = other_ways(found, words, section)
        loops.append(
            {
                "optimizers": [names.optimizer(number) for number in section.optimizers],
                "steps": section.steps,
                "steps_as_drawn": section.in_this_way + others.alike,
                "loss": {"first": finite(loss.means[0]), "last": finite(loss.means[-1])}
                if loss
                else None,
                "operations": [
                    {**_operation(item.op, found, words), "times": item.times}
                    for item in section.items
                ],
                "other_ways": others.texts,
            }
        )
    return {
        **_head(chosen),
        "models": [_plain(model) for model in found.models.values()],
        "optimizers": [_plain(optimizer) for optimizer in found.optimizers.values()],
        "loaders": [_plain(loader) for loader in found.loaders.values()],
        "loops": loops,
        "passes": [_plain(walk) for walk in found.passes],
        "not_observed": [{"what": gap.what, "reason": gap.reason} for gap in found.gaps],
        "looked_at": sorted(step for step, look in found.looks.items() if look.training),
    }


def step_facts(folder: Path, step: int) -> dict[str, Any]:
    """What `step_text` says: how the step was done, its loss, and the close look if there is one.

    Raises:
        As `step_text`.
    """
    chosen = choose_step(folder, step)
    found = chosen.seen
    names = Names(found)
    words = Words(found, names)
    ways = []
    for stretch in found.at(step):
        anatomy = found.anatomies.get(stretch.anatomy)
        place = own_step(found, stretch.optimizer, step)
        loss = Values.read(found, "loss", stretch.optimizer)
        bucket = loss.bucket(step if chosen.manifest.kind == "train" else place)
        ways.append(
            {
                "optimizer": names.optimizer(stretch.optimizer),
                "loss": None
                if bucket is None
                else {"mean": finite(loss.means[bucket]), "steps": loss.counts[bucket]},
                "operations": [
                    {**_operation(item.op, found, words), "times": item.times}
                    for item in items_of(anatomy)
                ]
                if anatomy
                else [],
            }
        )
    looked = found.looks.get(step)
    return {
        **_head(chosen),
        "step": step,
        "done_by": ways,
        "close_look": [_part(part, found) for part in looked.training] if looked else [],
        "evaluation": [_part(part, found) for part in looked.evaluation] if looked else [],
        "looked_at": sorted(step for step, look in found.looks.items() if look.training),
    }


def _head(chosen: Chosen) -> dict[str, Any]:
    end = chosen.seen.end
    return {
        "run": str(chosen.folder),
        "kind": chosen.manifest.kind,
        "command": list(chosen.manifest.command),
        "status": chosen.state,
        "steps": chosen.seen.steps,
        "seconds": end.seconds if end else None,
        "error": {"class": end.error, "message": end.message, **_place(end.site, chosen.seen)}
        if end and end.error
        else None,
        "rank": chosen.seen.rank,
        "ranks": list(chosen.ranks),
    }


def _operation(op: Op, found: Seen, words: Words) -> dict[str, Any]:
    return {"op": op.op, "words": words.of(op), **_place(op.site, found), "facts": dict(op.facts)}


def _place(number: int, found: Seen) -> dict[str, Any]:
    site = found.site(number)
    if site is None:
        return {"file": None, "line": None, "source": ""}
    place = {"file": site.file, "line": site.line, "source": site.source}
    if site.via_file:
        place |= {"via_file": site.via_file, "via_line": site.via_line}
    return place


def _part(part: Any, found: Seen) -> dict[str, Any]:
    return {**_plain(part), **_place(part.site, found)}


def _plain(event: Any) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(event, str_keys=True)
    return content
