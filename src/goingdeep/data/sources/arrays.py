"""Arrays from Python: NumPy arrays, tensors, or anything that can become an array."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from goingdeep.data.images import DataSettings, ImageData, Part, PartName
from goingdeep.data.pixels import as_array, to_images
from goingdeep.data.sources.complete import complete
from goingdeep.data.sources.labels import class_indices
from goingdeep.errors import DataError, LabelError, ShapeError

_PART: dict[str, PartName] = {
    "train": "train",
    "training": "train",
    "": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
_IMAGES = {"x", "images", "image"}
_LABELS = {"y", "labels", "label", "targets"}
_CLASS_NAMES = {"class_names", "classes", "label_names"}
_FIX = "name the arrays x_train, y_train, x_test, y_test (and class_names)"


def load_arrays(
    arrays: Mapping[str, Any],
    settings: DataSettings,
    *,
    name: str = "arrays",
    source: str = "",
) -> ImageData:
    """Make a data set of arrays.

    Args:
        arrays: x_train, y_train, and if there are, x_val, y_val, x_test, y_test, class_names; or
            train_images, train_labels and so on; or images and labels; or x and y.
            Images N,H,W or N,C,H,W or N,H,W,C; bytes, or floats from 0 to 1 or 0 to 255.
            Labels: whole numbers from 0, or strings.
        settings: see `DataSettings`.
        name: what to call it.
        source: where `load` finds it again; empty for arrays.
    Raises:
        DataError: images are missing, or hold values that are no pixels.
        ShapeError: axes, sizes or lengths do not fit.
        LabelError: labels are missing, or are none.
    """
    found, class_names, ignored = _sort_out(arrays, name)
    notes = [f"ignored: {', '.join(sorted(ignored))}"] if ignored else []
    images, more = to_images({part: pair["images"] for part, pair in found.items()})
    notes += more
    for part, pixels in images.items():
        _same_length(part, pixels, as_array(found[part]["labels"], f"the {part} labels"))
    labels, names, more = class_indices(
        {part: as_array(pair["labels"], f"the {part} labels") for part, pair in found.items()},
        None if class_names is None else as_array(class_names, "class_names"),
    )
    notes += more
    parts = {part: Part(images[part], labels[part]) for part in found}
    return complete(
        name=name,
        source=source,
        class_names=names,
        parts=parts,
        settings=settings,
        notes=tuple(notes),
    )


def _sort_out(
    arrays: Mapping[str, Any], name: str
) -> tuple[dict[PartName, dict[str, Any]], Any, list[str]]:
    """Tell images from labels and parts from each other by the keys."""
    found: dict[PartName, dict[str, Any]] = {}
    class_names: Any = None
    ignored: list[str] = []
    for key in arrays:
        if key.lower() in _CLASS_NAMES:
            class_names = arrays[key]
            continue
        part, kind = _meaning(key)
        if part is None:
            ignored.append(key)
        elif kind in found.setdefault(part, {}):
            raise DataError(
                f"{name} has more than one array for the {part} {kind}",
                where=f"keys: {', '.join(arrays)}",
                fix=_FIX,
                more="docs/data.md",
            )
        else:
            found[part][kind] = arrays[key]
    keys = ", ".join(arrays) or "none"
    if "images" not in found.get("train", {}):
        raise DataError(
            f"{name} has no training images", where=f"keys: {keys}", fix=_FIX, more="docs/data.md"
        )
    for part, pair in found.items():
        for kind, error in (("images", DataError), ("labels", LabelError)):
            if kind not in pair:
                raise error(
                    f"{name} has no {part} {kind}",
                    where=f"keys: {keys}",
                    fix=_FIX,
                    more="docs/data.md",
                )
    return found, class_names, ignored


def _meaning(key: str) -> tuple[PartName | None, str]:
    """What a key stands for.

    >>> _meaning("x_train"), _meaning("test_labels"), _meaning("ids")
    (('train', 'images'), ('test', 'labels'), (None, ''))
    """
    words = [word for word in re.split(r"[_\-. ]", key.lower()) if word]
    for kind, known in (("images", _IMAGES), ("labels", _LABELS)):
        for word in words:
            rest = "".join(other for other in words if other != word)
            if word in known and rest in _PART:
                return _PART[rest], kind
    return None, ""


def _same_length(part: str, images: npt.NDArray[Any], labels: npt.NDArray[Any]) -> None:
    if labels.ndim == 0 or len(images) != len(labels):
        count = "one label" if labels.ndim == 0 else f"{len(labels):,} labels"
        raise ShapeError(
            f"the {part} part has {len(images):,} images and {count}",
            fix="give one label for each image, in the same order",
            more="docs/data.md",
        )
