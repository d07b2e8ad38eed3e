"""Which runs can be written out as a short plain script, and where such a script finds its images.

Imports no torch: the end of a run asks it before suggesting `gd eject`.
"""

from __future__ import annotations

import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from goingdeep.record import DataFacts
from goingdeep.train.settings import Settings

MODELS = ("mlp", "cnn")
"""Models that are one nn.Sequential of torch's own layers, and so can be written a layer a line."""

IDX = {
    "fashion-mnist": "/usr/share/datasets/fashion-mnist",
    "mnist": "/usr/share/datasets/mnist",
}
"""Data sets kept as four IDX files, and where the system keeps them."""

NPZ_KEYS = (
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("x_train", "y_train", "x_test", "y_test"),
)
"""Names of arrays that the script reads as they are."""

PLAIN_DATA = (
    "it reads named sets, and an .npz file with a test part, images in bytes (uint8) and whole numbers"
    " as labels"
)


def obstacles(settings: Settings, data: DataFacts) -> dict[str, str]:
    """What a plain script cannot show in few lines, each with what to do about it."""
    recipe = "gd train --recipe fast, then gd eject"
    plain_data = data.source in IDX or bool(npz_keys(data))
    found = {
        "held-out images (select.holdout)": (bool(settings.select.holdout), recipe),
        "class weights (loss.class_weights)": (settings.loss.class_weights != "none", recipe),
        "averaged weights (ema.decay)": (bool(settings.ema.decay), recipe),
        "resized images (data.size)": (bool(settings.data.size), "save them resized, as .npz"),
        f"device {settings.device}": (settings.device not in ("cpu", "auto"), "--device cpu"),
        f"data {data.name}": (
            not plain_data,
            "save it: np.savez('data.npz', x_train=..., y_train=..., x_test=..., y_test=...)",
        ),
    }
    return {what: fix for what, (true, fix) in found.items() if true}


def npz_path(data: DataFacts) -> Path | None:
    """The .npz file the images come from, if they do."""
    if data.source == "fashion-mnist-sample":
        return Path(str(files("goingdeep.data") / "sample" / "fashion-mnist-sample.npz"))
    return Path(data.source) if data.source.endswith(".npz") else None


def npz_keys(data: DataFacts) -> tuple[str, ...]:
    """The names of the four arrays, where they can be used as they are: bytes, channels first."""
    path = npz_path(data)
    if path is None or not path.is_file():
        return ()
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            for keys in NPZ_KEYS:
                if all(f"{key}.npy" in members for key in keys):
                    shape, images = _header(archive, keys[0])
                    _, labels = _header(archive, keys[1])
                    fits = shape[1:] in (data.image, data.image[1:])
                    plain = images == np.uint8 and labels.kind in "iu"
                    return keys if fits and plain else ()
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        zipfile.BadZipFile,
    ):  # changed since it was trained on
        return ()
    return ()


def _header(archive: zipfile.ZipFile, key: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of an array, without reading the array."""
    with archive.open(f"{key}.npy") as file:
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[np.lib.format.read_magic(file)]
        shape, _, dtype = read(file)
    return shape, dtype
