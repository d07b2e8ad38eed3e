"""What underneath measures: the same small training under each framework that is installed, watched.

The programs stand in programs/; each runs in a process of its own, as under `gd run`.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from goingdeep.record import seen as record
from goingdeep.record.reading import Seen, read_processes
from goingdeep.watch.program import script
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError
from goingdeep.why.places import operations

PROGRAMS = Path(__file__).parent / "programs"
PLAIN = "plain loop"
NAMES = {
    "ignite": "Ignite", "skorch": "skorch", "accelerate": "Accelerate", "lightning": "Lightning",
    "keras": "Keras", "fastai": "fastai",
}  # fmt: skip
"""By how long each takes to import."""

CORE = ("forward", "loss", "backward", "step", "clear")
ALWAYS = 3
"""Programs that are waited for, whatever time is left: the plain loop, a framework, a forgetful one."""
PATIENCE = 120.0
"""Seconds after which a program is given up."""


@dataclass(frozen=True)
class Line:
    """Where an operation is: the line that did it, a framework's own where one is in between."""

    call: str
    place: str
    source: str


@dataclass(frozen=True)
class Ran:
    """One program.

    lines: of one step, in order. order: of `CORE`, beginning with forward. weights: at the end; empty
    where it failed, and why then says how.
    """

    name: str
    lines: list[Line]
    order: tuple[str, ...]
    weights: list[float]
    why: str = ""


@dataclass(frozen=True)
class Found:
    """What was measured. left: frameworks that time was too short for, or that are not installed."""

    plain: Ran
    frameworks: list[Ran]
    forgetful: Ran | None
    left: list[str]
    absent: list[str]


_done: dict[str, Ran] = {}
"""They do not depend on the run: once for the process."""


def measure(lab: Lab) -> Found:
    """Run them while there is time.

    Raises:
        NoLabError: programs cannot be started here.
    """
    return run_all(lab.seconds_left)


def run_all(seconds: float) -> Found:
    """The plain loop, each framework that is installed, and one that forgets to clear."""
    end = time.monotonic() + seconds
    here = [name for name in NAMES if importlib.util.find_spec(name) is not None]
    forgetful = next((name for name in ("ignite", "lightning") if name in here), "")
    wanted = [("plain.py", PLAIN)]
    wanted += [(f"with_{name}.py", NAMES[name]) for name in here]
    if forgetful:
        wanted.insert(2, (f"forgetful_{forgetful}.py", f"{NAMES[forgetful]}, clear forgotten"))
    left = []
    for i, (file, name) in enumerate(wanted):
        if file not in _done:
            if i >= ALWAYS and time.monotonic() > end:
                left.append(name)
                continue
            _done[file] = _ran(file, name)
    plain = _done["plain.py"]
    if not plain.weights:
        raise NoLabError(f"programs cannot be run here: {plain.why}")
    return Found(
        plain=plain,
        frameworks=[_done[f"with_{n}.py"] for n in here if f"with_{n}.py" in _done],
        forgetful=_done.get(f"forgetful_{forgetful}.py"),
        left=left,
        absent=[NAMES[name] for name in NAMES if name not in here],
    )


def _ran(file: str, name: str) -> Ran:
    with tempfile.TemporaryDirectory(prefix="gd-why-") as place:
        out = Path(place) / "run"
        asked = script.Asked((str(PROGRAMS / file),), out=str(out), quiet=True, report=False)
        try:
            words, variables = script.prepared(asked)
            variables |= {"OMP_NUM_THREADS": "1", "KERAS_BACKEND": "torch"}
            done = subprocess.run(  # noqa: S603 - programs of our own
                words, env=variables, cwd=place, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=PATIENCE, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return Ran(name, [], (), [], type(error).__name__)
        weights = _weights(done.stdout.decode(errors="replace"))
        found = [seen for seen in read_processes(out) if seen.watched]
        if not weights or not found:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["no record"]
            return Ran(name, [], (), [], said[-1][:200])
        lines = _from_forward(_lines(found[0]))
        return Ran(name, lines, tuple(dict.fromkeys(line.call for line in lines)), weights)


def _weights(printed: str) -> list[float]:
    for line in printed.splitlines():
        if line.startswith("weights "):
            weights: list[float] = json.loads(line.partition(" ")[2])
            return weights
    return []


def _lines(seen: Seen) -> list[Line]:
    found = []
    for op in operations(seen):
        site = seen.site(op.site)
        if op.op in CORE and site is not None:
            found.append(Line(op.op, *_where(site)))
    return found


def _where(site: record.Site) -> tuple[str, str]:
    if site.via_file:
        return f"{'/'.join(Path(site.via_file).parts[-2:])}:{site.via_line}", site.via_function
    return f"{Path(site.file).name}:{site.line}", site.source.strip()


def _from_forward(lines: list[Line]) -> list[Line]:
    """The calls in turn from the forward on: what comes before it, a loop does after the last step."""
    at = next((i for i, line in enumerate(lines) if line.call == "forward"), 0)
    return lines[at:] + lines[:at]
