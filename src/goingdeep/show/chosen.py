"""Which process of a run is shown: a run can have several ranks, and be resumed."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from goingdeep.errors import RunError, SettingsError, printable
from goingdeep.record import Manifest, is_live, read_manifest
from goingdeep.record.encoding import UNREADABLE
from goingdeep.record.events import decode
from goingdeep.record.reading import Seen, read_processes
from goingdeep.record.runs import short_name
from goingdeep.record.seen import Steps
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
            more="docs/watch.md",
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
    elif end is None and chosen.manifest.kind == "watch":
        why = f": {chosen.manifest.error}" * bool(chosen.manifest.error)
        text = f"{steps}, then the record was lost{why}; the program went on"
    else:
        took = (
            f" after {number(round(end.seconds, 1) or end.seconds, 3)} s"
            if end and end.seconds
            else ""
        )
        text = f"{steps}, {chosen.state}{took}"
    if chosen.earlier:
        text += f"; resumed {counted(chosen.earlier, 'time')}, this is the newest part"
    if len(chosen.ranks) > 1:
        same = all(found.steps == other.steps for other in chosen.others)
        count = f"{number(len(chosen.ranks))} processes"
        did = "of which each did as many steps" if same else "which did different numbers of steps"
        text += f"; {count}, {did}; this is rank {number(found.rank)}"
    return text


TAIL = 1 << 16


def steps_done(folder: Path) -> int:
    """Steps of a run, from the end of its record only: 0 where that says nothing."""
    try:
        with (folder / "events.jsonl").open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL))
            lines = file.read().split(b"\n")[:-1]
    except OSError:
        return 0
    done = 0
    for line in lines:
        # The first line is cut, where it is not the first of the file.
        with contextlib.suppress(*UNREADABLE):
            event = decode(line)
            done = max(done, event.step, event.last if isinstance(event, Steps) else 0)
    return done


def step_number(folder: Path, step: str | int) -> int:
    """A step as the user names it: a whole number from 1, or "last".

    Raises:
        SettingsError: it is neither.
    """
    text = str(step).strip().replace(",", "").replace("_", "")
    if text == "last":
        return choose(folder).seen.steps
    if not (text.isascii() and text.isdigit() and len(text) < 18 and int(text)):
        raise SettingsError(
            f"--step expects a whole number from 1, or last; got {printable(str(step)[:40])!r}",
            fix=f"gd show {short_name(folder)} --step 1",
            more="docs/watch.md",
        )
    return int(text)
