"""Are these the images a model was built for? Nothing in this file imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from goingdeep.errors import ShapeError

_SHORT = {
    "float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16",
    "uint8": "u8", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "bool": "bool",
}  # fmt: skip


class HasShape(Protocol):
    """A tensor of torch or an array of numpy."""

    @property
    def shape(self) -> Sequence[int]:
        """Length of each axis."""

    @property
    def dtype(self) -> object:
        """What each number is."""


def check_images(name: str, images: HasShape, channels: int, height: int, width: int) -> None:
    """Refuse images that are not [N,C,H,W] of the size that the model was built for.

    Only the shape is looked at, never the type of number: whoever calls this converts.

    Raises:
        ShapeError: says what it looks like and the line that mends it.

    >>> import numpy as np
    >>> check_images("mlp", np.zeros((64, 1, 28, 28), np.float32), 1, 28, 28)
    >>> check_images("mlp", np.zeros((64, 28, 28, 1), np.float32), 1, 28, 28)
    Traceback (most recent call last):
        ...
    goingdeep.errors.ShapeError: mlp expects images f32[N,1,28,28], got f32[64,28,28,1]
      why:   the last axis has length 1, so these look like height-width-channel images
      fix:   images = images.transpose(0, 3, 1, 2)
      more:  docs/models.md
    """
    size, got = (channels, height, width), tuple(images.shape)
    if len(got) == 4 and got[1:] == size:
        return
    numpy_array = type(images).__module__.startswith("numpy")
    why = fix = ""
    if len(got) == 4 and got[1:] == (height, width, channels):
        why = f"the last axis has length {channels}, so these look like height-width-channel images"
        move = "transpose" if numpy_array else "permute"
        fix = f"images = images.{move}(0, 3, 1, 2)"
    elif got == size:
        why, fix = "there is no axis for samples, so this looks like one image", "images[None]"
    elif got == (height, width) and channels == 1:
        why = "there are two axes, so this looks like one grey image"
        fix = "images[None, None]"
    elif len(got) == 3 and got[1:] == (height, width) and channels == 1:
        why, fix = "there is no axis for channels", "images = images[:, None]"
    elif len(got) == 4 and got[2:] == (height, width):
        why = f"they have {_count(got[1], 'channel')}, the model was built for {channels}"
    elif len(got) == 4 and got[1] == channels:
        why = f"they are {got[2]}x{got[3]} pixels, the model was built for {height}x{width}"
        fix = f"bring them to {height}x{width}, by padding, cropping or stretching"
    expected = f"f32[N,{channels},{height},{width}]"
    raise ShapeError(
        f"{name} expects images {expected}, got {spell(images)}",
        why=why,
        fix=fix,
        more="docs/models.md",
    )


def spell(array: HasShape) -> str:
    """The one spelling of an array for people.

    >>> import numpy as np
    >>> spell(np.zeros((64, 1, 28, 28), np.float32))
    'f32[64,1,28,28]'
    """
    return spell_shape(array.dtype, [str(length) for length in array.shape])


def spell_shape(dtype: object, axes: Sequence[str]) -> str:
    """The same with axes that may be letters."""
    kind = str(dtype).removeprefix("torch.")
    return f"{_SHORT.get(kind, kind)}[{','.join(axes)}]"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
