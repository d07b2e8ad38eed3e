"""`run.json`: what ran, written before anything else and replaced atomically when more is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from goingdeep.errors import RunFormatError, RunNotFoundError
from goingdeep.record.encoding import UNREADABLE, indented
from goingdeep.record.files import read_file, write_atomic

FORMAT = 1
"""Raised when a reader of the version before could misread a run folder."""

Origin = Literal["default", "recipe", "file", "flag", "capability"]


class Setting(msgspec.Struct, frozen=True):
    """One setting: its value, who chose it, and why where that is not plain."""

    value: str | float | int | bool
    origin: Origin
    reason: str = ""


class DataFacts(msgspec.Struct, frozen=True):
    """Which images a run was trained on.

    name: as the user gave it. source: where to find the same again; empty for arrays from Python.
    fingerprint: a hash of every pixel, label and class name. counts: samples in each part.
    image: C, H, W of one image.
    """

    name: str
    source: str
    fingerprint: str
    counts: dict[str, int]
    image: tuple[int, int, int]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Manifest(msgspec.Struct, kw_only=True):
    """What ran. `status` is what the writer last said; `is_live` tells whether it still writes.

    Only a list of runs says "killed": of a run that was running and has no writer any more.
    settings: key ("optimizer.lr") to value with origin. plan: numbers fixed at the start from which
    every later step follows (steps, epoch_steps), so that a resume is exact. watched: whether more
    is recorded than the run itself needs. error: why it failed, or why the record of a watched
    program ends before the program did. directory: where a watched program ran.
    """

    format: int = FORMAT
    kind: Literal["train", "watch"] = "train"
    name: str
    command: tuple[str, ...]
    created: str
    status: Literal["started", "running", "interrupted", "failed", "finished", "killed"] = "started"
    versions: dict[str, str] = {}
    machine: dict[str, str | int] = {}
    data: DataFacts | None = None
    settings: dict[str, Setting] = {}
    plan: dict[str, int] = {}
    watched: bool = True
    error: str = ""
    directory: str = ""


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace `run.json` in one step."""
    write_atomic(folder / "run.json", _text(manifest))


def write_over_manifest(folder: Path, manifest: Manifest) -> None:
    """Write over `run.json` as it is: on a full disk that needs no new block."""
    with (folder / "run.json").open("r+b", buffering=0) as file:
        file.write(_text(manifest))
        file.truncate()


def _text(manifest: Manifest) -> bytes:
    return f"{indented(manifest)}\n".encode()


def read_manifest(folder: Path) -> Manifest:
    """Read `run.json`.

    Raises:
        RunNotFoundError: there is no `run.json` in the folder.
        RunFormatError: it is damaged, or a newer version of Going Deep wrote it.
    """
    path = folder / "run.json"
    try:
        content = read_file(path)
    except OSError as error:
        raise RunNotFoundError(
            f"{folder} is not a run",
            why=f"run.json cannot be read: {error.strerror}",
            fix="gd runs (lists the runs there are)",
            more="docs/runs.md",
        ) from error
    try:
        version = msgspec.json.decode(content, type=_Version).format
        if version > FORMAT:
            raise RunFormatError(
                f"{folder} has format {version}, this Going Deep reads up to {FORMAT}",
                fix="pip install --upgrade goingdeep",
                more="docs/runs.md",
            )
        return msgspec.json.decode(content, type=Manifest)
    except UNREADABLE as error:
        raise RunFormatError(
            f"{folder} is damaged: run.json does not say what it should",
            why=str(error),
            fix="gd runs (lists the runs there are)",
            more="docs/runs.md",
        ) from error


class _Version(msgspec.Struct):
    format: int = 0


def settings_of(manifest: Manifest) -> dict[str, Any]:
    """Key to value, without origins."""
    return {key: setting.value for key, setting in manifest.settings.items()}
