"""One picture: a file of any usual kind to u8[C,H,W].

Training, testing and predicting read pictures with this one function, so that the same file always
gives the same pixels.
"""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from goingdeep.data import pixels
from goingdeep.data.images import U8, Resize
from goingdeep.data.natural import natural_key
from goingdeep.errors import DataNotFoundError, ImageError, ShapeError

_COMMON = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
_PORTABLE = {".ppm", ".pgm", ".pbm", ".pnm"}
EXTENSIONS = frozenset(_COMMON | _PORTABLE)
# Named one by one: Pillow also knows formats that start other programs (EPS) or are rarely tested.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
MOST_PIXELS = 89_478_485
"""A picture with more pixels is refused before it is decoded; Pillow warns from here on."""
_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True)
class Header:
    """What a picture's file says before its pixels are decoded.

    width, height: in pixels, as it is to be looked at (after the camera's rotation).
    grey: has no colours.
    deep: has 16 bits for each channel.
    """

    width: int
    height: int
    grey: bool
    deep: bool


def read_header(path: Path | str) -> Header:
    """Look at a picture without decoding it.

    Raises:
        ImageError: it is no picture, has too many pixels, or has a kind without a known range.
    """
    with _opened(path) as image:
        width, height = image.size
        if _orientation(image) in _SIDEWAYS:
            width, height = height, width
        return Header(width, height, _is_grey(image), _is_deep(image))


def read_picture(
    path: Path | str, shape: tuple[int, int, int], resize: Resize = "", *, convert: bool = False
) -> U8:
    """Read one picture for a model that expects a shape.

    Args:
        path: the file.
        shape: C,H,W that come out; C is 1 for grey, 3 for red, green and blue.
        resize: how a picture of another size is brought to it, see `DataSettings`; "" refuses.
        convert: turn colours grey for C = 1 instead of refusing them.
    Returns:
        u8[C,H,W], C-contiguous.
    Raises:
        ImageError: it cannot be read.
        ShapeError: its size or its colours do not fit.
    """
    header = read_header(path)
    c, h, w = shape
    if c == 1 and not header.grey and not convert:
        raise ShapeError(
            f"{Path(path).name} is a colour picture, expected a grey one",
            where=str(path),
            fix="turn it grey first, or allow it: gd predict --grey",
            more="docs/data.md",
        )
    if (header.height, header.width) != (h, w) and not resize:
        raise ShapeError(
            f"{Path(path).name} has {header.width}x{header.height} pixels, expected {w}x{h}",
            where=str(path),
            fix="say how to bring it to that size: --resize pad (or crop, or stretch)",
            more="docs/data.md",
        )
    return decode_picture(path, shape, resize)[0]


def decode_picture(
    path: Path | str, shape: tuple[int, int, int], resize: Resize
) -> tuple[U8, bool]:
    """Decode a picture.

    The camera's rotation is applied, transparency is laid on white, 16 bits become 8 (the higher
    ones), colours follow C, and the picture is brought to H and W.

    Returns:
        u8[C,H,W], C-contiguous, and whether it had transparent pixels.
    Raises:
        ImageError: it cannot be read.
    """
    channels, height, width = shape
    with _opened(path) as image:
        image.load()
        plain, transparent = _plain(ImageOps.exif_transpose(image), channels)
        # A rotation noted behind the pixels is met only now; nothing is stretched because of it.
        square = plain.width * height == plain.height * width
        _refuse(path, not (resize or square), "its pixels have other proportions than its header")
        array = np.asarray(bring_to_size(plain, (height, width), resize))
    array = array[np.newaxis] if channels == 1 else array.transpose(2, 0, 1)
    return np.ascontiguousarray(array), transparent


def as_uint8(images: Any, shape: tuple[int, int, int]) -> U8:
    """Bring arrays from the user to u8[N,C,H,W] for a model that expects C,H,W.

    Args:
        images: u8, or floats from 0 to 1 or 0 to 255; [N,C,H,W], [N,H,W,C] or [N,H,W]; an array,
            a tensor or a list.
        shape: C,H,W; tells [N,3,3,3] and the like apart.
    Raises:
        ShapeError: axes that cannot be images. DataError: values that are no pixels.
    """
    array = pixels.as_array(images, "the images")
    c, h, w = shape
    if array.ndim == 4 and array.shape[1:] == (h, w, c) != (c, h, w):
        array = array.transpose(0, 3, 1, 2)
    elif array.ndim != 4 or array.shape[1:] != (c, h, w):
        array = pixels.channels_second(array, "the images")
    return pixels.to_bytes(array, "the images", unit=pixels.is_unit(array))[0]


def list_pictures(path: Path) -> list[Path]:
    """The picture itself, or all pictures of a folder and the folders in it, naturally sorted.

    Raises:
        DataNotFoundError: there is nothing there, or no picture in the folder.
    """
    if path.is_file():
        return [path]
    found: list[Path] = []
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(folder) / name
            for name in names
            if Path(name).suffix.lower() in EXTENSIONS and not name.startswith(".")
        ]
    if not found:
        there = path.is_dir()
        raise DataNotFoundError(
            f"there are no pictures in {path}" if there else f"there is nothing at {path}",
            fix="give a picture, or a folder with pictures",
            more="docs/data.md",
        )
    return sorted(found, key=lambda file: natural_key(file.as_posix()))


def bring_to_size(image: Image.Image, size: tuple[int, int], resize: Resize) -> Image.Image:
    """Bring a picture to (height, width): see `DataSettings.resize`. "" stretches."""
    height, width = size
    if image.size == (width, height):
        return image
    if resize in ("", "stretch"):
        return image.resize((width, height), Image.Resampling.BILINEAR)
    ratios = (width / image.width, height / image.height)
    scale = min(ratios) if resize == "pad" else max(ratios)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    scaled = image.resize(inner, Image.Resampling.BILINEAR)
    canvas = Image.new(image.mode, (width, height))
    canvas.paste(scaled, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return canvas


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Pillow's warnings about single files to ourselves: we count and list such files.

    Not for threads of its own: enter it once, around the pool.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _opened(path: Path | str) -> Iterator[Image.Image]:
    """Open a picture; whatever goes wrong inside the block becomes an ImageError."""
    try:
        # A pipe or a device called x.png would wait for ever.
        _refuse(path, not Path(path).is_file(), "there is no such plain file")
        with Image.open(path, formats=_formats()) as image:
            many = f"{image.width}x{image.height} is more than {MOST_PIXELS:,} pixels"
            _refuse(path, image.width * image.height > MOST_PIXELS, many)
            _refuse(path, _has_no_range(image), f"pixels of kind {image.mode} have no agreed range")
            yield image
    except ImageError:
        raise
    except Exception as error:  # damaged files make Pillow raise nearly everything
        raise _unreadable(path, _why(error, path)) from error


@functools.cache
def _formats() -> tuple[str, ...]:
    """Those that this Pillow was built with; naming another one would make every open fail."""
    Image.init()
    return tuple(kind for kind in _FORMATS if kind in Image.OPEN)


def _refuse(path: Path | str, wrong: bool, why: str) -> None:
    if wrong:
        raise _unreadable(path, why)


def _why(error: Exception, path: Path | str) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"more than {MOST_PIXELS:,} pixels"
    if isinstance(error, UnidentifiedImageError):
        empty = Path(path).stat().st_size == 0
        return "the file is empty" if empty else "it is not a picture of a known kind"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).split("\n")[0] or type(error).__name__


def _unreadable(path: Path | str, why: str) -> ImageError:
    return ImageError(
        f"{Path(path).name} cannot be read as a picture",
        where=str(path),
        why=why,
        fix="replace or delete the file",
        more="docs/data.md",
    )


def _orientation(image: Image.Image) -> int:
    # For a PNG without this chunk Pillow would decode the whole picture to look for it at the end.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    return int(image.getexif().get(_ORIENTATION, 1))


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))


def _has_no_range(image: Image.Image) -> bool:
    return image.mode == "F" or (image.mode == "I" and not _is_deep(image))


def _is_grey(image: Image.Image) -> bool:
    if image.mode == "P":
        colours = np.frombuffer(bytes(image.getpalette("RGB") or []), np.uint8).reshape(-1, 3)
        return bool((colours == colours[:, :1]).all())
    return image.mode in ("1", "L", "LA", "La") or _is_deep(image)


def _plain(image: Image.Image, channels: int) -> tuple[Image.Image, bool]:
    """Bring any mode to L or RGB; say whether something was transparent."""
    mode = "L" if channels == 1 else "RGB"
    transparent = False
    if _is_deep(image):
        # Pillow's own conversion cuts everything above 255 off instead of scaling it.
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        layered = image.convert("RGBA")
        transparent = layered.getchannel("A").getextrema() != (255, 255)
        if transparent:
            white = Image.new("RGBA", layered.size, "white")
            layered = Image.alpha_composite(white, layered)
        image = layered.convert("RGB")
    elif image.mode == "P":
        image = image.convert("RGB")
    return (image if image.mode == mode else image.convert(mode)), transparent
