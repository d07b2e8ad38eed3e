"""What underneath measures: the same small training under each framework that is installed, watched.

The programs stand in programs/; each runs in a process of its own, as under `gd run`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from goingdeep.errors import GoingDeepError
from goingdeep.record import seen as record
from goingdeep.record.reading import Seen, read_processes
from goingdeep.why.lab import Lab
from goingdeep.why.lesson import NoLabError
from goingdeep.why.places import operations

PLAIN = "plain.py"
NEEDS = {
    "ignite": ("Ignite", "ignite"),
    "accelerate": ("Accelerate", "accelerate"),
    "skorch": ("skorch", "skorch"),
    "fastai": ("fastai", "fastai"),
    "lightning": ("Lightning", "lightning"),
    "fabric": ("Fabric", "lightning"),
    "keras": ("Keras", "keras"),
    "transformers": ("Transformers", "transformers"),
}
"""By program: the framework, and the package that it is in. Those that are there sooner come first."""

CORE = ("forward", "loss", "backward", "step", "clear")
ALWAYS = 3
"""Programs that are waited for, whatever time is left: the plain loop, a forgetful one, a framework."""
PATIENCE = 60.0
"""Seconds after which these are given up, too."""


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
    """The plain loop, each framework that is installed, and one that forgets to clear.

    Args:
        seconds: on the wall: others work meanwhile, and this process waits.
    Raises:
        NoLabError: programs cannot be started here.
    """
    here = [n for n, (_, package) in NEEDS.items() if importlib.util.find_spec(package) is not None]
    forgetful = next((name for name in ("ignite", "lightning") if name in here), "")
    wanted = {PLAIN: "plain loop"}
    if forgetful:
        wanted[f"forgetful_{forgetful}.py"] = f"{NEEDS[forgetful][0]}, clear forgotten"
    wanted |= {f"with_{name}.py": NEEDS[name][0] for name in here}
    _run({file: name for file, name in wanted.items() if file not in _done}, seconds)
    plain = _done.get(PLAIN)
    if plain is None or not plain.weights:
        why = plain.why if plain is not None else "they did not end in time"
        raise NoLabError(f"programs cannot be run here: {why}")
    return Found(
        plain=plain,
        frameworks=[_done[f"with_{n}.py"] for n in here if f"with_{n}.py" in _done],
        forgetful=_done.get(f"forgetful_{forgetful}.py"),
        left=[wanted[f"with_{n}.py"] for n in here if f"with_{n}.py" not in _done],
        absent=[name for key, (name, _) in NEEDS.items() if key not in here],
    )


def _run(wanted: dict[str, str], seconds: float) -> None:
    """Run programs, and keep what came of those that ended in time."""
    if not wanted:
        return
    words = [sys.executable, "-m", f"{__package__}.running"]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "KERAS_BACKEND": "torch"}
    with tempfile.TemporaryDirectory(prefix="gd-why-", ignore_cleanup_errors=True) as place:
        try:
            process = subprocess.Popen(  # noqa: S603 - programs of our own
                [*words, place, *wanted], env=variables, cwd=place, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise NoLabError(f"programs cannot be run here: {error.strerror}") from error
        for file in _ended(process, seconds):
            _done[file] = _read(Path(place) / Path(file).stem, wanted[file])


def _ended(process: subprocess.Popen[bytes], seconds: float) -> Iterator[str]:
    """The programs that have ended, as they do, until all have or time is over."""
    said = process.stdout
    assert said is not None
    began = time.monotonic()
    lines: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in said:
            lines.put(line.decode().strip())
        lines.put("")

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        while True:
            allowed = seconds if len(_done) >= ALWAYS else max(seconds, PATIENCE)
            file = lines.get(timeout=max(0.0, began + allowed - time.monotonic()))
            if not file:
                return
            yield file
    except queue.Empty:
        return  # time is over
    finally:
        _end(process)
        listener.join()
        said.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End those that still run, too: they are in a session of their own."""
    with contextlib.suppress(OSError, AttributeError):  # Windows has no groups of processes
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _read(folder: Path, name: str) -> Ran:
    """What a program did, from its record and from what it printed."""
    try:
        said = (folder / "said.txt").read_text(encoding="utf-8", errors="replace")
        found = [seen for seen in read_processes(folder / "run") if seen.watched]
    except (OSError, GoingDeepError) as error:
        return Ran(name, [], (), [], f"{type(error).__name__}: {error}"[:200])
    weights = _weights(said)
    if not weights or not found:
        return Ran(name, [], (), [], (said.strip().splitlines() or ["no record"])[-1][:200])
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
