"""Finding the pictures of a folder: which part, which class, which file."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from goingdeep.data.images import PartName
from goingdeep.data.natural import natural_key, natural_sorted
from goingdeep.data.pictures import EXTENSIONS
from goingdeep.errors import DataError, DataNotFoundError, LabelError
from goingdeep.words import many

MOST_ENTRIES = 5_000_000
"""More entries than this is not a data set but a disk."""
_PART_NAMES: dict[str, PartName] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
_PLAN = "make one folder for each class: pictures/cat/1.png, pictures/dog/1.png"


@dataclass(frozen=True)
class Found:
    """One picture's file.

    path: relative to the folder, with forward slashes.
    label: its class's place in `Listing.class_names`.
    size, changed: bytes and nanoseconds, to notice that it changed.
    """

    path: str
    label: int
    size: int
    changed: int


@dataclass(frozen=True)
class Listing:
    """What is in a folder of pictures, in a fixed order."""

    class_names: tuple[str, ...]
    parts: dict[PartName, tuple[Found, ...]]
    notes: tuple[str, ...]


@dataclass
class _Walk:
    """What was met on the way."""

    seen: int = 0
    loops: int = 0

    def count(self, root: Path) -> None:
        self.seen += 1
        if self.seen > MOST_ENTRIES:
            raise DataError(
                f"{root} holds more than {MOST_ENTRIES:,} files: is it the right folder?",
                fix=_PLAN,
                more="docs/data.md",
            )


def scan(root: Path) -> Listing:
    """List a folder's pictures: classes are folders, perhaps inside train, val and test.

    Hidden files and folders are passed over. Deeper folders belong to their class. Links are
    followed, each folder once.

    Raises:
        DataNotFoundError: there is no picture in it, or it cannot be read.
        LabelError: pictures without class folders, an empty class, or a class that the training
            part does not have.
        DataError: two folders for one part, or far too many files.
    """
    walk = _Walk()
    folders, loose = _children(root, root, walk)
    part_folders, notes = _part_folders(root, folders, walk)
    classes: dict[PartName, dict[str, list[tuple[str, int, int]]]] = {}
    other: Counter[str] = Counter()
    for part, folder in part_folders.items():
        below, files = _children(folder, root, walk)
        loose += files if folder != root else []
        classes[part] = {path.name: _pictures(path, root, walk, other) for path in below}
    if sum(len(files) for part in classes.values() for files in part.values()) == 0:
        raise _nothing(root, loose)
    if loose_pictures := [path for path in loose if path.suffix.lower() in EXTENSIONS]:
        notes.append(
            f"{len(loose_pictures)} pictures lie outside the class folders and were left out, "
            f"such as {loose_pictures[0].name}"
        )
    if other:
        kinds = ", ".join(sorted(other)[:5])
        notes.append(f"left out: {many(other.total(), 'file')} of another kind ({kinds})")
    if walk.loops:
        notes.append(
            f"not followed: {many(walk.loops, 'link')} to folders that were listed already"
        )
    names = _class_names(root, classes)
    number = {name: k for k, name in enumerate(names)}
    parts = {
        part: tuple(
            Found(path, number[name], size, changed)
            for name in natural_sorted(folders_of)
            for path, size, changed in sorted(
                folders_of[name], key=lambda file: natural_key(file[0])
            )
        )
        for part, folders_of in classes.items()
        if any(folders_of.values())
    }
    return Listing(names, parts, tuple(notes))


def _class_names(
    root: Path, classes: dict[PartName, dict[str, list[tuple[str, int, int]]]]
) -> tuple[str, ...]:
    train = classes["train"]
    for name, files in train.items():
        if not files:
            raise LabelError(
                f"the class {name!r} has no pictures",
                where=str(root),
                fix="add pictures to that folder, or move it elsewhere",
                more="docs/data.md",
            )
    for part, folders in classes.items():
        extra = natural_sorted(name for name in folders if name not in train and folders[name])
        if extra:
            raise LabelError(
                f"the {part} part has a class {extra[0]!r} that the training part does not have",
                where=str(root),
                fix="the classes come from the training part: add pictures there, or move these",
                more="docs/data.md",
            )
    return tuple(natural_sorted(train))


def _children(folder: Path, root: Path, walk: _Walk) -> tuple[list[Path], list[Path]]:
    """The visible folders and files directly inside."""
    folders: list[Path] = []
    files: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                walk.count(root)
                if _is_hidden(entry.name):
                    continue
                (folders if entry.is_dir() else files).append(folder / entry.name)
    except OSError as error:
        raise DataNotFoundError(
            f"the folder {folder} cannot be read: {(error.strerror or str(error)).lower()}",
            more="docs/data.md",
        ) from error
    return folders, files


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def _part_folders(
    root: Path, folders: list[Path], walk: _Walk
) -> tuple[dict[PartName, Path], list[str]]:
    """Which folders are the parts; the folder itself when it holds classes directly.

    A folder called train makes it parts only when there are folders inside: it may be a class,
    beside car and plane.
    """
    named = [path for path in folders if path.name.lower() in _PART_NAMES]
    trains = [path for path in named if _PART_NAMES[path.name.lower()] == "train"]
    if not any(_children(path, root, walk)[0] for path in trains):
        return {"train": root}, []
    parts: dict[PartName, Path] = {}
    for path in sorted(named):
        part = _PART_NAMES[path.name.lower()]
        if part in parts:
            raise DataError(
                f"two folders are the {part} part: {parts[part].name} and {path.name}",
                where=str(root),
                fix="put their pictures into one",
                more="docs/data.md",
            )
        parts[part] = path
    others = natural_sorted(path.name for path in folders if path not in named)
    notes = [f"folders beside train were left out: {', '.join(others[:5])}"] if others else []
    order: tuple[PartName, ...] = ("train", "validation", "test")
    return {part: parts[part] for part in order if part in parts}, notes


def _pictures(
    folder: Path, root: Path, walk: _Walk, other: Counter[str]
) -> list[tuple[str, int, int]]:
    """Every picture below a class's folder, however deep."""
    found: list[tuple[str, int, int]] = []
    waiting, entered = [folder], set()
    while waiting:
        current = waiting.pop()
        # A link back to a folder above would lead round for ever: each folder is entered once.
        status = current.stat()
        if (status.st_dev, status.st_ino) in entered:
            walk.loops += 1
            continue
        entered.add((status.st_dev, status.st_ino))
        folders, files = _children(current, root, walk)
        waiting.extend(sorted(folders, reverse=True))
        for path in files:
            if path.suffix.lower() not in EXTENSIONS:
                other[path.suffix.lower() or "no extension"] += 1
                continue
            try:
                file = path.stat()
                size, changed = file.st_size, file.st_mtime_ns
            except OSError:  # a link to nowhere: listed as unreadable when it is opened
                size = changed = 0
            found.append((path.relative_to(root).as_posix(), size, changed))
    return found


def _nothing(root: Path, loose: list[Path]) -> DataError:
    pictures = sum(path.suffix.lower() in EXTENSIONS for path in loose)
    if pictures:
        return LabelError(
            f"{root} has {pictures} pictures but no class folders",
            why="a picture's class is the name of its folder",
            fix=_PLAN,
            more="docs/data.md",
        )
    return DataNotFoundError(
        f"there are no pictures in {root}",
        why=f"it holds {len(loose)} other files" if loose else "the folder is empty",
        fix=_PLAN,
        more="docs/data.md",
    )
