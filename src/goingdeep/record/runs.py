"""Finding runs: by path, by name in `runs/`, or the newest."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import msgspec

from goingdeep.errors import GoingDeepError, RunExistsError, RunNotFoundError, printable
from goingdeep.record.encoding import UNREADABLE
from goingdeep.record.files import TEMPORARY, read_file, writing
from goingdeep.record.manifest import Manifest, read_manifest

RUNS = Path("runs")
LATEST = "latest"


def find_run(run: str | Path = LATEST) -> Path:
    """The folder of a run.

    Args:
        run: a path, a name in `runs/`, or "latest".

    Raises:
        RunNotFoundError: there is none; names the nearest runs.
    """
    name = str(run)
    for candidate in (Path(run), RUNS / name):
        if is_run(candidate):
            # `latest` is a link; what is printed and typed again is the run's own name.
            own = candidate.parent / candidate.readlink() if candidate.is_symlink() else candidate
            return own if is_run(own) else candidate
    if name == LATEST:
        newest = list_runs()
        if newest:
            return newest[0][0]
        raise RunNotFoundError(
            "there is no run yet",
            where=str(RUNS.absolute()),
            fix="gd train",
            more="docs/runs.md",
        )
    here = [place for place in (run, RUNS / name) if name and os.path.exists(place)]  # noqa: PTH110 - as in `is_run`
    if here:
        raise RunNotFoundError(
            f"{printable(str(here[0]))} is not a run",
            why="it has no run.json",
            fix="gd runs (lists the runs there are)",
            more="docs/runs.md",
        )
    import difflib

    near = difflib.get_close_matches(name, [p.name for p, _ in list_runs()], n=1)
    raise RunNotFoundError(
        f"there is no run {printable(name)!r}",
        where=str(RUNS.absolute()),
        fix=f"did you mean {near[0]}?" if near else "gd runs (lists the runs there are)",
        more="docs/runs.md",
    )


def is_saved(folder: Path) -> bool:
    """Whether the finished model is there; `gd resume` writes it again where it was deleted."""
    return all((folder / "model" / f"model.{kind}").is_file() for kind in ("json", "safetensors"))


def here() -> Path:
    """The current folder; where it has been deleted, a place in which nothing lies."""
    try:
        return Path.cwd()
    except OSError:
        return Path(os.devnull)


def as_typed(folder: Path) -> Path:
    """The folder as it is typed here: relative, where it lies below the current one."""
    # The current folder may have been deleted: then there is no shorter way to say it.
    with contextlib.suppress(ValueError, OSError):
        return folder.relative_to(Path.cwd()) if folder.is_absolute() else folder
    return folder


def short_name(folder: Path) -> str:
    """What to type for a run: its name when it lies in `runs/` here, else its path."""
    named = folder.parent == RUNS and not folder.name.startswith("-")  # that would be an option
    return shlex.quote(printable(folder.name if named else str(folder)))


def list_runs(folder: Path = RUNS) -> list[tuple[Path, Manifest]]:
    """Every run in a folder, the newest first; what is not a run, or is damaged, is left out."""
    found: list[tuple[Path, Manifest]] = []
    if folder.is_dir():
        for path in folder.iterdir():
            if not path.is_symlink() and is_run(path):
                with contextlib.suppress(GoingDeepError):
                    found.append((path, read_manifest(path)))
    return sorted(found, key=lambda item: (item[1].created, item[0].name), reverse=True)


def new_folder(out: str | Path | None, name: str, runs: Path = RUNS) -> Path:
    """Make the folder of a new run.

    Args:
        out: the folder asked for, which must be new or empty; None chooses one in `runs`.
        name: what to call it there; a number is added when it is taken.

    Raises:
        RunExistsError: `out` has something in it.
        WriteError: it cannot be made.
    """
    if out is not None:
        folder = Path(out)
        refuse_used(folder)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder
    with writing(runs):
        runs.mkdir(exist_ok=True)
        number = 1
        while True:
            folder = runs / (name if number == 1 else f"{name}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                return folder


def refuse_used(folder: Path) -> None:
    """Raise where a new run cannot have this folder because something is in it.

    Raises:
        RunExistsError: it is a file, or a folder that is not empty. WriteError: it is closed to us.
    """
    with writing(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            used = is_run(folder)
            raise RunExistsError(
                f"{folder} is already in use",
                why="it holds a run" if used else "it is not an empty folder",
                fix=f"gd resume {short_name(folder)}" if used else "choose a new folder: --out DIR",
                more="docs/runs.md",
            )


def slug(text: str) -> str:
    """A name as part of a folder's name: letters, digits and dashes, at most 40.

    >>> slug("my shoes (2)")
    'my-shoes-2'
    """
    kept = "".join(c if c.isalnum() and c.isascii() else "-" for c in text).strip("-")
    return "-".join(filter(None, kept.split("-")))[:40].strip("-") or "data"


def read_result(folder: Path) -> dict[str, Any] | None:
    """`result.json` of a finished run; None where there is none that can be read."""
    try:
        content = read_file(folder / "result.json")
        # What is printed must be there; whatever else the file says is kept.
        msgspec.json.decode(content, type=_Result)
        return msgspec.json.decode(content, type=dict[str, Any])
    except (OSError, *UNREADABLE):
        return None


class _ClassRow(msgspec.Struct):
    name: str
    precision: float
    recall: float
    f1: float
    support: int


class _Confused(msgspec.Struct):
    label: str
    prediction: str
    count: int


class _Test(msgspec.Struct):
    accuracy: float
    interval: tuple[float, float]
    per_class: list[_ClassRow]
    confused: list[_Confused]
    ece: float | None
    ece_after: float | None
    temperature: float
    mirror_accuracy: float = 0.0


class _Result(msgspec.Struct):
    test: _Test
    seconds: float
    steps: int
    chosen: str


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run; False for a name that no folder can have."""
    # os.path says False where pathlib raises: a name that is too long, a folder that is closed.
    return os.path.isfile(folder / "run.json")  # noqa: PTH113


def take_back(folder: Path, *, made: bool, runs: Path = RUNS) -> None:
    """Remove a run in which nothing was begun; `latest` points to the newest of the others again.

    Args:
        folder: the run. made: whether it was made for this run; the user's own folder stays.
        runs: the folder of all runs, as `new_folder` was told.
    """
    with contextlib.suppress(OSError):
        names = ("run.json", "settings.toml", "events.jsonl")
        for path in (*(folder / name for name in names), *folder.glob("events-rank*.jsonl")):
            path.unlink(missing_ok=True)
        for name in ("scalars", "blobs"):
            shutil.rmtree(folder / name, ignore_errors=True)
        if made:
            folder.rmdir()
    if folder.parent == runs:
        others = list_runs(runs)
        if others:
            point_latest(others[0][0])
            return
        with contextlib.suppress(OSError):
            if (runs / LATEST).is_symlink():
                (runs / LATEST).unlink()
            runs.rmdir()


def point_latest(folder: Path) -> None:
    """Let `latest`, beside the run, point to it.

    Where links are not allowed nothing is written: the newest run is then found by its time.
    """
    link = folder.parent / LATEST
    if link.exists() and not link.is_symlink():
        return
    temporary = folder.parent / f"{TEMPORARY}{os.getpid()}-{LATEST}"
    with contextlib.suppress(OSError, NotImplementedError):
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(folder.name, target_is_directory=True)
        temporary.replace(link)
