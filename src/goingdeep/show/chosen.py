"""Which process of a run is shown: a run can have several ranks, and be resumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goingdeep.errors import RunError
from goingdeep.record import Manifest, is_live, read_manifest
from goingdeep.record.reading import Seen, read_processes
from goingdeep.show.names import Names
from goingdeep.show.numbers import counted, number


@dataclass(frozen=True)
class Chosen:
    """A run, and the process of it that is shown.

    ranks: of all processes that were watched. earlier: how many parts came before, each ended by a
    stop and followed by a resume.
    """

    folder: Path
    manifest: Manifest
    seen: Seen
    ranks: tuple[int, ...]
    others: tuple[Seen, ...]
    earlier: int = 0

    @property
    def state(self) -> str:
        """What became of the run: "finished", "failed", "running", "killed", "interrupted"."""
        if self.manifest.status in {"started", "running"}:
            if self.seen.end is not None:
                return "failed" if self.seen.end.error else "finished"
            return "running" if is_live(self.folder) else "killed"
        return self.manifest.status


def choose(folder: Path, step: int | None = None) -> Chosen:
    """The lowest rank's newest part, or the newest part in which a step was done.

    Raises:
        RunNotFoundError, RunFormatError: it is not a run, or damaged.
        RunError: it holds no record of a loop.
    """
    manifest = read_manifest(folder)
    watched = [found for found in read_processes(folder) if found.watched]
    if not watched:
        raise RunError(
            f"{folder} holds no record of what its loop did",
            why="it was not watched (gd train --no-watch), or nothing has happened yet",
            fix="gd run SCRIPT.py (watches a loop of your own), or gd train",
            more="docs/runs.md",
        )
    ranks = tuple(dict.fromkeys(found.rank for found in watched))
    parts = [found for found in watched if found.rank == ranks[0]]
    place = len(parts) - 1
    if step is not None:
        holding = [i for i, found in enumerate(parts) if found.at(step) or step in found.looks]
        place = holding[-1] if holding else place
    newest = {found.rank: found for found in watched}
    others = tuple(found for rank, found in newest.items() if rank != ranks[0])
    return Chosen(folder, manifest, parts[place], ranks, others, place)


def how_it_ended(chosen: Chosen, names: Names) -> str:
    """Steps, and what became of the run: "4,690 steps, finished after 41.2 s"."""
    found, end = chosen.seen, chosen.seen.end
    steps = counted(found.steps, "step")
    if end is not None and end.error:
        site = found.site(end.site)
        at = f" ({names.place(site)}  {site.source})" if site else ""
        text = f"{steps}, then {end.error}" + (f": {end.message}" if end.message else "") + at
    elif chosen.state == "running":
        text = f"{steps} so far, still running"
    elif chosen.state == "killed":
        text = f"{steps}, then it was killed"
    else:
        took = f" after {number(round(end.seconds, 1))} s" if end and end.seconds else ""
        text = f"{steps}, {chosen.state}{took}"
    if chosen.earlier:
        text += f"; resumed {counted(chosen.earlier, 'time')}, this is the newest part"
    if len(chosen.ranks) > 1:
        same = all(found.steps == other.steps for other in chosen.others)
        count = f"{number(len(chosen.ranks))} processes"
        did = "of which each did as many steps" if same else "which did different numbers of steps"
        text += f"; {count}, {did}; this is rank {number(found.rank)}"
    return text
