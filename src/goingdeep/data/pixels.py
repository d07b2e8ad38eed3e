"""Arrays of any usual form to u8[N,C,H,W], saying what had to be changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from goingdeep.data.images import U8, PartName, describe
from goingdeep.errors import DataError, ShapeError

_CHANNELS = (1, 3)
_AT_ONCE = 4096  # images converted at a time, so that no second copy in floats is ever held


def to_images(arrays: Mapping[PartName, Any]) -> tuple[dict[PartName, U8], list[str]]:
    """Bring the images of all parts to u8[N,C,H,W].

    Floats up to 1 mean 0 to 1 and are multiplied by 255; the training part decides for all.

    Returns:
        The images of each part, and a note for whatever was converted with a loss.
    Raises:
        ShapeError: axes that cannot be told apart, no images, or other sizes than in train.
        DataError: NaN, or values that are no pixels.
    """
    notes: list[str] = []
    images: dict[PartName, U8] = {}
    raw = {part: as_array(array, f"the {part} images") for part, array in arrays.items()}
    unit = is_unit(raw["train"])
    for part, array in raw.items():
        ordered = channels_second(array, f"the {part} images")
        pixels, loss = to_bytes(ordered, f"the {part} images", unit=unit)
        if loss > 0:
            notes.append(
                f"the {part} images are not whole steps of 1/255: they were rounded to 8 bits, "
                f"by {loss:.3f} of a step at most"
            )
        images[part] = pixels
    shape = images["train"].shape[1:]
    for part, pixels in images.items():
        if pixels.shape[1:] != shape:
            raise ShapeError(
                f"the {part} images are {describe(pixels)}, the training images "
                f"{describe(images['train'])}",
                fix="give all parts the same channels and size",
                more="docs/data.md",
            )
    return images, notes


def as_array(value: Any, what: str) -> npt.NDArray[Any]:
    """Make an array of whatever the user has: an array, a tensor on any device, a list.

    Raises:
        DataError: it is of Python objects, or no array at all.
        ShapeError: it is ragged.
    """
    for method in ("detach", "cpu", "numpy"):
        if not isinstance(value, np.ndarray) and callable(getattr(value, method, None)):
            try:
                value = getattr(value, method)()
            except (TypeError, RuntimeError) as error:
                raise DataError(
                    f"{what} cannot become a NumPy array",
                    why=str(error).split("\n")[0],
                    fix="give it as uint8, or as float32",
                    more="docs/data.md",
                ) from error
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(
            f"{what} are not one array: the items have different shapes",
            fix="make all images the same size first, or use a folder with --set data.size=64",
            more="docs/data.md",
        ) from error
    if array.dtype == object:
        raise DataError(
            f"{what} are Python objects, expected numbers",
            fix="np.stack(...) them to one array of numbers",
            more="docs/data.md",
        )
    return array


def channels_second(array: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    """Bring N,H,W or N,H,W,C or N,C,H,W to N,C,H,W.

    Raises:
        ShapeError: there are no images, or it cannot be told where the channels are.
    """
    given = describe(array)
    fix = ""
    if array.size == 0:
        raise ShapeError(f"{what} are empty: {given}", fix="give at least two images of each class")
    if array.ndim == 3:
        return array[:, np.newaxis]
    if array.ndim == 4:
        second, last = array.shape[1] in _CHANNELS, array.shape[3] in _CHANNELS
        if second and not last:
            return array
        if last and not second:
            return array.transpose(0, 3, 1, 2)
        why = (
            "the second and the last axis could both be the channels"
            if second
            else "neither the second nor the last axis has length 1 or 3"
        )
        fix = "images.transpose(0, 3, 1, 2) if the channels are last"
        if not second and 4 in (array.shape[1], array.shape[3]):
            fix = "drop the fourth channel (transparency): images[..., :3] or images[:, :3]"
        if second:
            fix = "make it plain: give N,H,W for grey images, or pad them to more than 3 pixels"
    else:
        why = f"{array.ndim} axes"
        side = math.isqrt(array.shape[1]) if array.ndim == 2 else 0
        if side and side * side == array.shape[1]:
            fix = f"images.reshape(-1, {side}, {side})"
    raise ShapeError(
        f"{what} should be N,H,W or N,C,H,W or N,H,W,C with C 1 or 3, got {given}",
        why=why,
        fix=fix,
        more="docs/data.md",
    )


def is_unit(array: npt.NDArray[Any]) -> bool:
    """Whether the pixels run from 0 to 1 instead of to 255: floats that never pass 1."""
    return array.dtype.kind == "f" and array.size > 0 and float(np.nanmax(array)) <= 1


def to_bytes(array: npt.NDArray[Any], what: str, *, unit: bool) -> tuple[U8, float]:
    """Convert to u8, C-contiguous; say by how much of a step the worst value was rounded."""
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array), 0.0
    if array.dtype.kind not in "bfui":
        raise DataError(
            f"{what} hold {array.dtype}, expected numbers",
            fix="give uint8 from 0 to 255, or floats from 0 to 1",
            more="docs/data.md",
        )
    out = np.empty(array.shape, np.uint8)
    factor = 255 if array.dtype.kind == "b" or unit else 1
    worst = 0.0
    for start, chunk in _chunks(array):
        _refuse_strange(chunk, start, what, unit=unit)
        exact = chunk.astype(np.float64) * factor
        rounded = np.rint(exact)
        worst = max(worst, float(np.abs(exact - rounded).max()))
        out[start : start + len(chunk)] = rounded
    if array.dtype.kind != "f":
        return out, 0.0
    # What a float of this kind cannot hold any better counts as exact.
    tolerance = max(1e-3, 255 * float(np.finfo(array.dtype).eps))
    return out, worst if worst > tolerance else 0.0


def _chunks(array: npt.NDArray[Any]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    for start in range(0, len(array), _AT_ONCE):
        yield start, array[start : start + _AT_ONCE]


def _refuse_strange(chunk: npt.NDArray[Any], start: int, what: str, *, unit: bool) -> None:
    limit = 1 if unit else 255
    scale = (
        "give all parts on one scale, from 0 to 1"
        if unit
        else "16-bit images: (images >> 8).astype(np.uint8)"
        if chunk.dtype.kind in "iu"
        else "divide all parts by their largest possible value: from 0 to 1"
    )
    if chunk.dtype.kind == "f":
        _refuse(~np.isfinite(chunk), chunk, start, what, ("NaN or infinity", "drop such samples"))
    before = "give the images as they were before normalising, from 0 to 1 or 0 to 255"
    _refuse(chunk < 0, chunk, start, what, ("a value below 0", before))
    _refuse(chunk > limit, chunk, start, what, (f"a value above {limit}", scale))


def _refuse(
    bad: npt.NDArray[Any], chunk: npt.NDArray[Any], start: int, what: str, said: tuple[str, str]
) -> None:
    if not bad.any():
        return
    sample = int(np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))[0])
    value = chunk[sample][bad[sample]].flat[0]
    found, fix = said
    raise DataError(
        f"{what} hold {found}: {value} in sample {start + sample}", fix=fix, more="docs/data.md"
    )
