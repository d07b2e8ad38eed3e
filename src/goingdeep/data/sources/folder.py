"""A folder of pictures: each class is a folder, perhaps inside train, val and test.

Pictures are decoded once, in threads (Pillow lets go of the interpreter while it decodes), straight
into the cache; later loads open the cache as long as no file was added, removed or changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from goingdeep.data.cache import FORMAT, Workspace, open_cached, workspace
from goingdeep.data.hashes import image_hashes
from goingdeep.data.images import I64, U8, DataSettings, ImageData, Part, PartName, Progress
from goingdeep.data.pictures import Header, decode_picture, quiet, read_header
from goingdeep.data.sources.complete import check_classes, complete, held_out_note
from goingdeep.data.sources.scan import Found, Listing, scan
from goingdeep.data.split import TEST_SHARE, hold_out_indices
from goingdeep.errors import DataNotFoundError, ImageError, LabelError, ShapeError

_LISTED = 100  # unreadable files kept by name; all are counted
_AHEAD = 64  # pictures decoded ahead of the one being stored
_COPIED = 256  # images copied at a time from one file to another
_TOLD = 100  # pictures between two reports of progress
Headers = dict[PartName, list[tuple[Found, Header]]]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


def load_folder(root: Path, settings: DataSettings, progress: Progress | None = None) -> ImageData:
    """Open a folder of pictures.

    Changes: writes the decoded pictures to the cache folder, once.

    Raises:
        DataNotFoundError: no picture there, or none that can be read.
        ImageError: a picture cannot be read and `settings.strict` is on.
        ShapeError: pictures of different sizes, and no policy for them.
        LabelError: see `scan` and `complete`.
    """
    root = root.absolute()
    listing = scan(root)
    key = f"folder-{_key(root, listing, settings)}"
    cached = open_cached(key, name=root.name, source=str(root), settings=settings)
    if cached is not None:
        return cached
    with quiet(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool, workspace(key) as space:
        reader = _Reader(root, settings, pool, space, progress)
        headers = reader.headers(listing)
        grey = all(header.grey for found in headers.values() for _, header in found)
        shape = (1 if grey else 3, *_one_size(root, headers, settings))
        decoded = {part: reader.decode(part, found, shape) for part, found in headers.items()}
        parts = {part: pictures for part, pictures in decoded.items() if len(pictures)}
        _check(parts["train"], listing, root)
        notes = [*listing.notes, *reader.notes()]
        if "test" not in parts:
            whole = len(parts["train"])
            parts |= _divide(parts["train"], space)
            notes.append(held_out_note(len(parts["test"]), whole))
        data = complete(
            name=root.name,
            source=str(root),
            class_names=listing.class_names,
            parts=parts,
            settings=settings,
            notes=tuple(notes),
            facts=_facts(headers, reader.unreadable),
        )
        return space.finish(data)


def _check(train: Part, listing: Listing, root: Path) -> None:
    """Refuse classes of which nothing, or nothing but one picture, could be read."""
    for k, name in enumerate(listing.class_names):
        if not (train.labels == k).any():
            raise LabelError(
                f"none of the pictures of the class {name!r} can be read",
                where=str(root),
                fix="replace them, or leave the class out",
                more="docs/data.md",
            )
    check_classes(train.labels, listing.class_names, root.name)


@dataclass
class _Reader:
    """Reads the pictures of one folder, and remembers what it met."""

    root: Path
    settings: DataSettings
    pool: ThreadPoolExecutor
    space: Workspace
    progress: Progress | None
    unreadable: list[dict[str, str]] = field(default_factory=list)
    transparent: int = 0
    deep: int = 0

    def headers(self, listing: Listing) -> Headers:
        """Look at every picture without decoding it: sizes and colours decide the room."""
        headers: Headers = {}
        total = sum(map(len, listing.parts.values()))
        done = 0
        for part, found in listing.parts.items():
            headers[part] = []
            for file, header in _in_order(self.pool, self._header, found):
                done += 1
                if isinstance(header, ImageError):
                    self._skip(file, header)
                else:
                    headers[part].append((file, header))
                    self.deep += header.deep
                self._tell("looking at pictures", done, total)
        self._refuse_none(len(headers["train"]))
        return {part: found for part, found in headers.items() if found}

    def decode(
        self, part: PartName, headers: list[tuple[Found, Header]], shape: tuple[int, int, int]
    ) -> Part:
        """Decode one part into the cache, leaving out what cannot be decoded."""
        images = self.space.images(f"{part}_images.npy", (len(headers), *shape))
        files: list[Found] = []

        def read(found: tuple[Found, Header]) -> tuple[U8, bool] | ImageError:
            path = self.root / found[0].path
            return _try(lambda p: decode_picture(p, shape, self.settings.resize), path)

        for done, ((file, _), result) in enumerate(_in_order(self.pool, read, headers), 1):
            if isinstance(result, ImageError):
                self._skip(file, result)
            else:
                images[len(files)] = result[0]
                files.append(file)
                self.transparent += result[1]
            self._tell(f"decoding {part} pictures", done, len(headers))
        if part == "train":
            self._refuse_none(len(files))
        if len(files) < len(images):
            images = _pick(images, np.arange(len(files)), f"{part}_whole.npy", self.space)
        labels = np.array([file.label for file in files], np.int64)
        return Part(images, labels, tuple(file.path for file in files))

    def notes(self) -> Iterator[str]:
        """What was left out or converted."""
        if self.unreadable:
            count, first = len(self.unreadable), self.unreadable[0]
            noun = "picture" if count == 1 else "pictures"
            yield f"{count} unreadable {noun} left out, such as {first['path']}: {first['why']}"
        if self.transparent:
            yield f"{self.transparent} pictures with transparency were laid on white"
        if self.deep:
            yield f"{self.deep} pictures of 16 bits were brought to 8"

    def _header(self, file: Found) -> Header | ImageError:
        return _try(read_header, self.root / file.path)

    def _skip(self, file: Found, error: ImageError) -> None:
        if self.settings.strict:
            raise error
        self.unreadable.append({"path": file.path, "why": error.why})

    def _refuse_none(self, count: int) -> None:
        if count == 0:
            first = self.unreadable[0]
            raise DataNotFoundError(
                f"none of the training pictures in {self.root} can be read",
                why=f"{first['path']}: {first['why']}",
                fix="check one of them with another program",
                more="docs/data.md",
            )

    def _tell(self, what: str, done: int, total: int) -> None:
        if self.progress is not None and (done % _TOLD == 0 or done == total):
            self.progress(what, done, total)


def _key(root: Path, listing: Listing, settings: DataSettings) -> str:
    """Changes whenever a file is added, removed or changed, or the settings are others."""
    said: list[Any] = [FORMAT, str(root), settings.size, settings.resize, settings.strict]
    said += [listing.class_names, listing.notes]
    said += [
        [part, [(f.path, f.size, f.changed) for f in fs]] for part, fs in listing.parts.items()
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


def _one_size(root: Path, headers: Headers, settings: DataSettings) -> tuple[int, int]:
    """Height and width that all pictures will have.

    Raises:
        ShapeError: they differ, and the settings do not say how to make them equal.
    """
    sizes = Counter((h.width, h.height) for found in headers.values() for _, h in found)
    uneven = [size for size in sizes if size[0] != size[1]]
    if settings.size and (settings.resize or not uneven):
        return settings.size, settings.size
    if len(sizes) == 1 and not settings.size:
        width, height = next(iter(sizes))
        return height, width
    most = ", ".join(f"{w}x{h} ({n})" for (w, h), n in sizes.most_common(3))
    more = f" and {len(sizes) - 3} other sizes" if len(sizes) > 3 else ""
    raise ShapeError(
        f"the pictures in {root} have different sizes: {most}{more}"
        if len(sizes) > 1
        else f"the pictures in {root} are not square: {most}",
        why="a batch needs one size, and nothing is cut or stretched unless you say so",
        fix=f"--set data.size={settings.size or 64} --set data.resize=pad (or crop, or stretch)",
        more="docs/data.md",
    )


def _divide(train: Part, space: Workspace) -> dict[PartName, Part]:
    """Hold a test part out, from file to file: the pictures may be more than fit in memory."""
    hashes = np.concatenate(
        [image_hashes(train.images[i : i + _COPIED], "test") for i in range(0, len(train), _COPIED)]
    )
    rest, held = hold_out_indices(hashes, train.labels, TEST_SHARE, "test")
    divided: dict[PartName, Part] = {}
    chosen: tuple[tuple[PartName, I64], ...] = (("test", held), ("train", rest))
    for part, indices in chosen:
        file = "test_images.npy" if part == "test" else "train_rest.npy"
        divided[part] = Part(
            _pick(train.images, indices, file, space),
            train.labels[indices],
            tuple(train.names[i] for i in indices),
        )
    return divided


def _pick(images: U8, indices: I64, file: str, space: Workspace) -> U8:
    count, c, h, w = len(indices), *images.shape[1:]
    out = space.images(file, (count, c, h, w))
    for start in range(0, count, _COPIED):
        out[start : start + _COPIED] = images[indices[start : start + _COPIED]]
    return out


def _facts(headers: Headers, unreadable: list[dict[str, str]]) -> dict[str, Any]:
    """What can no longer be seen once all pictures have one size."""
    every = np.array([(h.width, h.height) for found in headers.values() for _, h in found])
    lost = 1 - every.min(axis=1) ** 2 / every.prod(axis=1)
    middle = np.median(every, axis=0)
    return {
        "unreadable": {"count": len(unreadable), "files": unreadable[:_LISTED]},
        "pictures": {
            "smallest": [int(n) for n in every.min(axis=0)],
            "median": [float(n) for n in middle],
            "largest": [int(n) for n in every.max(axis=0)],
            "sizes": len(np.unique(every, axis=0)),
            "crop_loses_mean": round(float(lost.mean()), 6),
            "crop_loses_most": round(float(lost.max()), 6),
        },
    }


def _try(read: Callable[[Path], _Out], path: Path) -> _Out | ImageError:
    try:
        return read(path)
    except ImageError as error:
        return error


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[_In], _Out], items: Iterable[_In]
) -> Iterator[tuple[_In, _Out]]:
    """Each item with its result, a bounded number ahead: results may be large."""
    source = iter(items)
    waiting: list[tuple[_In, Future[_Out]]] = [
        (item, pool.submit(work, item)) for item in islice(source, _AHEAD)
    ]
    while waiting:
        item, result = waiting.pop(0)
        yield item, result.result()
        waiting.extend((more, pool.submit(work, more)) for more in islice(source, 1))
