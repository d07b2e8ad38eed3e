"""Where decoded images are kept: plain .npy files, written once and opened without reading them.

    <cache>/<key>/meta.json             written last; names every file with its size
    <cache>/<key>/train_images.npy      u8[N,C,H,W], memory-mapped when opened
    <cache>/<key>/train_labels.npy      i64[N]
    <cache>/<key>/names.json            where each sample came from, when it has a name

A folder appears under its name only when it is whole (rename), so a kill leaves nothing behind but
a temporary folder, which a later write sweeps away. The cache holds nothing that cannot be made
again: a damaged entry is thrown away and rebuilt. Nothing in it is ever unpickled.
"""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from goingdeep.data.duplicates import count_duplicates
from goingdeep.data.images import U8, DataSettings, ImageData, Part, PartName

FORMAT = 1
_STALE_SECONDS = 24 * 3600
_PARTS: tuple[PartName, ...] = ("train", "validation", "test")


def cache_folder() -> Path:
    """The folder for decoded images: $GOINGDEEP_CACHE, or the system's place for caches."""
    chosen = os.environ.get("GOINGDEEP_CACHE", "")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()  # noqa: PTH111 - pathlib raises for ~nobody
    import platformdirs

    return Path(platformdirs.user_cache_dir("goingdeep"))


def open_cached(key: str, *, name: str, source: str, settings: DataSettings) -> ImageData | None:
    """Open an entry, or return None when it is missing or damaged. Takes milliseconds."""
    folder = cache_folder() / key
    try:
        meta: dict[str, Any] = json.loads((folder / "meta.json").read_text("utf-8"))
        if meta["format"] != FORMAT or any(
            (folder / file).stat().st_size != size for file, size in meta["files"].items()
        ):
            return None
        names: dict[str, list[str]] = {}
        if "names.json" in meta["files"]:
            names = json.loads((folder / "names.json").read_text("utf-8"))
        classes = tuple(meta["class_names"])
        parts = {
            part: _open_part(folder, part, tuple(names.get(part, ())), len(classes))
            for part in _PARTS
            if f"{part}_images.npy" in meta["files"]
        }
        return ImageData(
            name=name,
            source=source,
            class_names=classes,
            train=parts["train"],
            test=parts["test"],
            validation=parts.get("validation"),
            settings=settings,
            notes=tuple(meta["notes"]),
            facts=dict(meta["facts"]),
            known_fingerprint=str(meta["fingerprint"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RecursionError):
        return None


def _open_part(folder: Path, part: str, names: tuple[str, ...], classes: int) -> Part:
    images = np.load(folder / f"{part}_images.npy", mmap_mode="r", allow_pickle=False)
    labels = np.load(folder / f"{part}_labels.npy", allow_pickle=False)
    fits = (
        images.ndim == 4
        and images.dtype == np.uint8
        and images.flags.c_contiguous
        and labels.shape == images.shape[:1]
        and labels.dtype == np.int64
        and labels.size > 0
        and labels.min() >= 0
        and labels.max() < classes
        and len(names) in (0, len(labels))
    )
    if not fits:
        raise ValueError(f"{folder} does not hold what its meta.json says")
    return Part(images, labels, names)


@dataclasses.dataclass
class Workspace:
    """An entry that is being written; in memory when the cache folder cannot be written.

    folder: temporary, beside the entry; None when everything stays in memory.
    problem: why it stays in memory.
    """

    key: str
    folder: Path | None
    problem: str = ""

    def images(self, file: str, shape: tuple[int, int, int, int]) -> U8:
        """An array to be filled, on disk when there is one.

        The room on the disk is taken at once: a memory-mapped file that meets a full disk later
        would kill the process with a bus error instead of raising anything.
        """
        if self.folder is not None and 0 not in shape:
            path = self.folder / file
            try:
                array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
                if hasattr(os, "posix_fallocate"):
                    with path.open("r+b") as handle:
                        os.posix_fallocate(handle.fileno(), 0, path.stat().st_size)
            except OSError as error:
                self.problem = reason(error)
                path.unlink(missing_ok=True)
            else:
                return array
        return np.empty(shape, np.uint8)

    def finish(self, data: ImageData) -> ImageData:
        """Write what is not yet there, give the entry its name and open it.

        Returns:
            The same data, memory-mapped; or as it was, with a note, when it cannot be written.
        """
        data = dataclasses.replace(
            data,
            known_fingerprint=data.fingerprint(),
            facts={**data.facts, "duplicates": count_duplicates(data)},
        )
        if self.folder is not None and not self.problem:
            try:
                _write(self.folder, data)
                _rename(self.folder, cache_folder() / self.key)
            except OSError as error:
                self.problem = reason(error)
            else:
                stored = open_cached(
                    self.key, name=data.name, source=data.source, settings=data.settings
                )
                return stored or data
        note = (
            f"the cache folder {cache_folder()} cannot be written ({self.problem}): "
            "the images are kept in memory and prepared again next time"
        )
        return dataclasses.replace(data, notes=(*data.notes, note))


@contextmanager
def workspace(key: str) -> Iterator[Workspace]:
    """A place to prepare an entry; whatever is left in it is removed at the end."""
    root = cache_folder()
    folder: Path | None = root / f".tmp-{key}-{secrets.token_hex(4)}"
    problem = ""
    try:
        root.mkdir(parents=True, exist_ok=True)
        _sweep(root)
        assert folder is not None
        folder.mkdir()
    except OSError as error:
        folder, problem = None, reason(error)
    try:
        yield Workspace(key, folder, problem)
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def reason(error: OSError) -> str:
    """What the system said, without the path it repeats."""
    return (error.strerror or str(error)).lower()


def _write(folder: Path, data: ImageData) -> None:
    files: list[str] = []
    names: dict[str, tuple[str, ...]] = {}
    for name, part in data.parts():
        images = folder / f"{name}_images.npy"
        own = getattr(part.images, "filename", None)
        if own is not None and Path(own).parent.resolve() == folder.resolve():
            part.images.flush()  # type: ignore[attr-defined]
            Path(own).replace(images)
        else:
            np.save(images, part.images, allow_pickle=False)
        np.save(folder / f"{name}_labels.npy", part.labels, allow_pickle=False)
        files += [f"{name}_images.npy", f"{name}_labels.npy"]
        if part.names:
            names[name] = part.names
    if names:
        (folder / "names.json").write_text(json.dumps(names), "utf-8")
        files.append("names.json")
    meta = {
        "format": FORMAT,
        "fingerprint": data.known_fingerprint,
        "class_names": data.class_names,
        "notes": data.notes,
        "facts": data.facts,
        "files": {file: (folder / file).stat().st_size for file in files},
    }
    (folder / "meta.json").write_text(json.dumps(meta), "utf-8")
    for entry in folder.iterdir():
        if entry.name not in (*files, "meta.json"):
            entry.unlink()


def _rename(folder: Path, target: Path) -> None:
    """Move a whole entry into place; an entry that is there was found damaged, or is another's."""
    for _ in range(3):
        try:
            folder.rename(target)
        except OSError:
            if not target.exists():
                raise
            # Moved aside before it is deleted, so that a reader never meets half an entry.
            aside = target.with_name(f".tmp-old-{secrets.token_hex(4)}")
            with suppress(OSError):
                target.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            return
    raise OSError("the entry is being replaced by others")


def _sweep(root: Path) -> None:
    """Remove temporary folders that a killed process left a day ago."""
    for entry in root.glob(".tmp-*"):
        with suppress(OSError):
            if time.time() - entry.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)
