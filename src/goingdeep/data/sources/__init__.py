"""From whatever the user names to a data set.

a name         fashion-mnist       one module in named/ for each
a folder       pictures/           folder.py
a file         data.npz            npz.py
arrays         {"x_train": ...}    arrays.py
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import os
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goingdeep.data.images import DataSettings, ImageData, Progress
from goingdeep.data.sources import named
from goingdeep.errors import DataError, DataNotFoundError, UnknownNameError

NAMES: tuple[str, ...] = tuple(
    sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(named.__path__))
)
"""The data sets that have a name."""
OFFLINE = "fashion-mnist-sample"
DEFAULTS = DataSettings()


def load(
    source: str | Path | Mapping[str, Any],
    settings: DataSettings = DEFAULTS,
    *,
    progress: Progress | None = None,
) -> ImageData:
    """Open a data set.

    Args:
        source: a name of `NAMES`, a folder of pictures, an .npz file, or a mapping of arrays.
            A name wins over a folder of the same name: write ./mnist for the folder.
        settings: see `DataSettings`.
        progress: called with what is being done, how much is done, and how much there is.
    Returns:
        Train and test parts, and a validation part when the source has one. Images may be
        memory-mapped and read-only. Without a test part, 15 % are held out (said in `notes`).
    Raises:
        UnknownNameError: there is neither a data set nor a file of that name.
        DataNotFoundError: there is nothing at that path.
        DataError: what is there cannot be used; the error says why and what to do.
        DownloadError: it must be fetched, and no server can be reached.
        SettingsError: settings that cannot be followed.

    >>> load("fashion-mnist-sample").train.images.shape
    (10000, 1, 28, 28)
    """
    from goingdeep.data.resize import check_settings, resized

    check_settings(settings)
    if isinstance(source, Mapping):
        from goingdeep.data.sources.arrays import load_arrays

        return resized(load_arrays(source, settings), progress)
    if isinstance(source, str) and source in NAMES:
        module = importlib.import_module(f"{named.__name__}.{source.replace('-', '_')}")
        data: ImageData = module.load(settings, progress)
        return resized(data, progress)
    path = _existing(source)
    if path.is_dir():
        from goingdeep.data.sources.folder import load_folder

        data = load_folder(path, settings, progress)
        return dataclasses.replace(data, name=str(source))
    if path.suffix.lower() == ".npz":
        from goingdeep.data.sources.npz import load_npz

        return resized(load_npz(path, settings), progress)
    raise DataError(
        f"{path.name} is neither a folder nor an .npz file",
        where=str(path.absolute().parent),
        fix="give a folder with one folder of pictures for each class, or an .npz file",
        more="docs/data.md",
    )


def _existing(source: str | Path) -> Path:
    """The path, when there is something."""
    path = Path(os.path.expanduser(source))  # noqa: PTH111 - pathlib raises for ~nobody
    try:
        if os.fspath(source) and path.exists():
            return path
    except (OSError, ValueError):  # too long, a null byte, or a folder that may not be entered
        pass
    text = str(source)
    is_path = isinstance(source, Path) or "/" in text or os.sep in text
    if is_path or path.suffix.lower() == ".npz":
        raise DataNotFoundError(
            f"there is nothing at {text}",
            where=f"looked in {Path.cwd()}",
            fix=f"check the path; without any data of your own use {OFFLINE}",
            more="docs/data.md",
        )
    near = difflib.get_close_matches(text.lower().replace("_", "-"), NAMES, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]}? " if near else ""
    raise UnknownNameError(
        f"there is no data set called {text!r}, and no such folder or file",
        why=f"known: {', '.join(NAMES)}",
        fix=f"{meant}{OFFLINE} works without a network",
        more="docs/data.md",
    )
