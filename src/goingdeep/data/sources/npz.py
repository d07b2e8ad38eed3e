"""A NumPy .npz file: arrays with names, never anything pickled."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from goingdeep.data.images import DataSettings, ImageData
from goingdeep.data.sources.arrays import load_arrays
from goingdeep.errors import DataError, DataNotFoundError


def load_npz(path: Path, settings: DataSettings) -> ImageData:
    """Open an .npz file with the keys that `load_arrays` knows.

    Raises:
        DataError: it is no .npz file, is damaged, or holds pickled objects (which are never
            loaded: a pickle runs whatever code it brings).
        ShapeError, LabelError: see `load_arrays`.
    """
    return load_arrays(read_npz(path), settings, name=path.name, source=str(path.absolute()))


def read_npz(path: Path) -> dict[str, Any]:
    """Read every array of the file."""
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as handle:
                pickled = handle.read(1) == b"\x80"
            raise _unreadable(path, "it is a pickle" if pickled else "it is not a zip archive")
        with np.load(path, allow_pickle=False) as archive:
            return {key: _read(archive, key, path) for key in archive.files}
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        if isinstance(error, DataError):
            raise
        if isinstance(error, PermissionError):
            raise DataNotFoundError(
                f"{path} cannot be read: permission denied", more="docs/data.md"
            ) from error
        raise _unreadable(path, str(error)) from error


def _read(archive: Any, key: str, path: Path) -> Any:
    try:
        return archive[key]
    except (ValueError, MemoryError, OverflowError, SyntaxError) as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path.name} holds pickled Python objects, which are never loaded",
                where=f"key {key}",
                why="a pickle runs whatever code it brings; only numbers and strings are read",
                fix="save plain arrays: np.savez(path, x_train=np.stack(images), y_train=labels)",
                more="docs/data.md",
            ) from error
        raise _unreadable(path, f"{key}: {error}") from error


def _unreadable(path: Path, why: str) -> DataError:
    return DataError(
        f"{path.name} is not an .npz file that can be read",
        where=str(path.absolute().parent),
        why=why.replace("\n", " "),
        fix="write it with np.savez(path, x_train=..., y_train=...)",
        more="docs/data.md",
    )
