"""The same script by `python` and by `gd run`, one process after the other.

A ratio is taken within a pair, epoch by epoch, so that a busy minute hits both sides.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import measure


@dataclass(frozen=True)
class Run:
    """One process. pair: counted from 0; error says why there are no numbers."""

    part: str
    pair: int
    watched: bool
    load: float
    wall: float = 0.0
    peak_mib: float = 0.0
    epoch_seconds: tuple[float, ...] = ()
    accuracy: float | None = None
    threads: int | None = None
    error: str | None = None


Pair = tuple[Run, Run]


def fault(folder: Path, steps: int) -> str | None:
    """Say what is wrong with the one record below this folder; None where it is whole.

    A watcher that was not there, or that has switched a part of itself off, costs too little.
    """
    files = list(folder.rglob("events.jsonl"))
    if not files:
        return "nothing was recorded"
    events = [json.loads(line) for line in files[0].read_text().splitlines()]
    gaps = [f"{event['what']}: {event['reason']}" for event in events if event["kind"] == "gap"]
    if gaps:
        return f"not recorded: {gaps[0]}"
    found = [event["steps"] for event in events if event["kind"] == "ended"]
    return None if found == [steps] else f"{found} steps recorded, {steps} done"


def take_turns(
    part: str, words: list[str], pairs: int, say: Callable[[str], None]
) -> tuple[list[Run], list[str]]:
    """Run a script watched and unwatched, pair by pair; who comes first changes.

    Returns:
        The runs, and what went wrong.
    """
    runs = []
    for pair in range(pairs):
        for watched in (False, True) if pair % 2 == 0 else (True, False):
            runs.append(run := _run(part, pair, words, watched=watched))
            epoch = measure.median(run.epoch_seconds)
            told = f"{run.wall:.2f} s" + (f", epoch {epoch:.3f} s" if epoch > 0 else "")
            who = "watched" if watched else "unwatched"
            say(f"{part} {pair + 1}/{pairs}  {who}: {run.error or told}")
    errors = [f"{part}: {run.error}" for run in runs if run.error]
    for bare, watched in whole(runs):
        if bare.accuracy != watched.accuracy:
            errors.append(f"{part}: {watched.accuracy} watched, {bare.accuracy} unwatched")
    return runs, errors


def _run(part: str, pair: int, words: list[str], *, watched: bool) -> Run:
    load = os.getloadavg()[0]
    start = [measure.gd_command() or "gd", "run"] if watched else [sys.executable]
    with tempfile.TemporaryDirectory() as folder:
        child = measure.run_child([*start, *words], Path(folder))
        run = Run(part, pair, watched, load, child.wall, child.peak_mib)
        if child.code != 0:
            return replace(run, error=f"exit code {child.code}: {child.why}")
        if part == "start":
            return run
        found = measure.last_json(child.out)
        if watched and (wrong := fault(Path(folder), found["steps"])):
            return replace(run, error=wrong)
    return replace(
        run,
        epoch_seconds=tuple(found["epoch_seconds"]),
        accuracy=found["accuracy"][-1],
        threads=found["threads"],
    )


def whole(runs: Iterable[Run]) -> list[Pair]:
    """Give the pairs without an error: unwatched, watched."""
    good = {(run.pair, run.watched): run for run in runs if not run.error}
    return [
        (good[pair, False], good[pair, True])
        for pair in sorted({pair for pair, _ in good})
        if (pair, False) in good and (pair, True) in good
    ]


def pair_ratio(pair: Pair) -> float:
    """Give the median over the epochs of watched by unwatched."""
    bare, watched = pair
    return measure.median(
        ours / theirs
        for ours, theirs in zip(watched.epoch_seconds, bare.epoch_seconds, strict=True)
    )


def more(pairs: Iterable[Pair], field: str) -> float:
    """Subtract unwatched from watched; the median of it."""
    return measure.median(getattr(watched, field) - getattr(bare, field) for bare, watched in pairs)
