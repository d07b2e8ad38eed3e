"""Labels of any usual form to class indices 0 to K-1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goingdeep.data.images import I64, PartName, describe
from goingdeep.data.natural import natural_sorted
from goingdeep.errors import LabelError, ShapeError


def class_indices(
    labels: Mapping[PartName, npt.NDArray[Any]], class_names: npt.NDArray[Any] | None
) -> tuple[dict[PartName, I64], tuple[str, ...], list[str]]:
    """Number the classes.

    Args:
        labels: for each part, whole numbers from 0 or strings; [N] or [N,1].
        class_names: K names, or None: then strings are sorted naturally and numbers are their
            own names.
    Returns:
        Indices for each part, the class names, and notes.
    Raises:
        LabelError: labels that are no classes of the training part.
        ShapeError: not one label for each sample.
    """
    flat = {part: _flat(array, f"the {part} labels") for part, array in labels.items()}
    names = None if class_names is None else _names(class_names)
    if all(array.dtype.kind in "US" for array in flat.values()):
        texts = {part: _texts(array) for part, array in flat.items()}
        order = names or tuple(natural_sorted(set(texts["train"].tolist())))
        return {part: _look_up(part, array, order) for part, array in texts.items()}, order, []
    whole = {part: _whole(array, f"the {part} labels") for part, array in flat.items()}
    present = np.unique(whole["train"])
    notes: list[str] = []
    if names is None:
        # Judged before any name is made: one label of 10^12 must not make as many names.
        gap = np.flatnonzero(present != np.arange(len(present)))
        if len(gap):
            missing = int(gap[0])
            raise LabelError(
                f"no training label is {missing}, but there are labels up to {present[-1]}",
                why="the labels start at 1" if missing == 0 and present[0] == 1 else "",
                fix="labels = labels - 1"
                if missing == 0 and present[0] == 1
                else "number the classes from 0 without gaps, or give class_names",
                more="docs/data.md",
            )
        names = tuple(str(k) for k in present)
    elif len(absent := np.setdiff1d(np.arange(len(names)), present)):
        notes.append(f"no training image has the label {', '.join(names[k] for k in absent[:5])}")
    for part, array in whole.items():
        beyond = np.flatnonzero(array >= len(names))
        if len(beyond):
            raise LabelError(
                f"the {part} labels must be 0 to {len(names) - 1}, got {array[beyond[0]]} "
                f"in sample {beyond[0]}",
                why=f"the training part has {len(names)} classes",
                fix="check that labels and class names belong together",
                more="docs/data.md",
            )
    return whole, names, notes


def _flat(array: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ShapeError(
            f"{what} should be one number for each image, got {describe(array)}",
            fix="labels.argmax(axis=1)" if array.ndim == 2 else "",
            more="docs/data.md",
        )
    if array.dtype.kind not in "biufUS":
        raise LabelError(
            f"{what} hold {array.dtype}, expected whole numbers or strings", more="docs/data.md"
        )
    return array


def _whole(array: npt.NDArray[Any], what: str) -> I64:
    """Whole numbers from 0, whatever they are written as."""
    if array.dtype.kind in "US":
        raise LabelError(
            f"{what} are strings, those of another part are numbers",
            fix="use one kind of label in all parts",
            more="docs/data.md",
        )
    problem, bad = "", np.zeros(len(array), bool)
    if array.dtype.kind == "f":
        bad = ~np.isfinite(array)
        problem = "NaN or infinity"
        if not bad.any():
            bad, problem = array != np.rint(array), "a fraction"
    if not bad.any():
        bad, problem = array < 0, "a negative number"
    if not bad.any():
        bad, problem = array > np.iinfo(np.int32).max, "a number too large for a class"
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise LabelError(
            f"{what} hold {problem}: {array[first]} in sample {first}",
            fix="drop samples without a label, and number the classes 0, 1, 2 and so on",
            more="docs/data.md",
        )
    return array.astype(np.int64)


def _texts(array: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    if array.dtype.kind == "U":
        return array
    try:
        return np.char.decode(array, "utf-8")
    except UnicodeDecodeError as error:
        raise LabelError(
            "labels or class names are bytes that are not UTF-8",
            fix="give them as strings",
            more="docs/data.md",
        ) from error


def _names(array: npt.NDArray[Any]) -> tuple[str, ...]:
    if array.dtype.kind not in "US" or array.ndim != 1 or not len(array):
        raise LabelError(
            f"class_names should be a list of strings, got {describe(array)}", more="docs/data.md"
        )
    names = tuple(str(name) for name in _texts(array))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise LabelError(f"two classes are called {twice!r}", more="docs/data.md")
    return names


def _look_up(part: str, texts: npt.NDArray[np.str_], names: tuple[str, ...]) -> I64:
    number = {name: k for k, name in enumerate(names)}
    unique, where = np.unique(texts, return_inverse=True)
    for text in unique.tolist():
        if text not in number:
            raise LabelError(
                f"the {part} part has a class {text!r} that the training part does not have",
                where=f"sample {int(np.flatnonzero(texts == text)[0])}",
                fix="the classes come from the training part: add images there, or drop these",
                more="docs/data.md",
            )
    indices = np.array([number[text] for text in unique.tolist()], np.int64)
    return indices[where.reshape(-1)]
