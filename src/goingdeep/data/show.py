"""Pictures of pictures: a contact sheet of the classes, and a grid with captions."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from goingdeep.data.images import I64, U8, ImageData
from goingdeep.errors import ShapeError, WriteError, printable

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

    Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

CELL = 84
"""Side in pixels within which every picture is shown: 28x28 is drawn three times as large."""
_GAP = 6
_MARGIN = 20
_NAMES_WIDTH = 190
_HEADER = 58
_LINE = 16
_MOST_ROWS = 60
_PAPER, _INK, _FAINT, _RULE = "#ffffff", "#1c1c1e", "#6b6b70", "#e4e4e8"


def contact_sheet(data: ImageData, path: str | Path, *, columns: int = 10) -> Path:
    """Draw one row of training images for each class, evenly spread over the class.

    Args:
        data: what to show.
        path: where the PNG goes; a file there is replaced.
        columns: images for each class.
    Returns:
        The path.
    Raises:
        WriteError: it cannot be written.
    """
    shown = min(data.classes, _MOST_ROWS)
    height = _HEADER + shown * (CELL + _GAP) + _MARGIN
    width = 2 * _MARGIN + _NAMES_WIDTH + columns * (CELL + _GAP) - _GAP
    image, draw = _canvas(width, height)
    _text(draw, (_MARGIN, 12), data.name, size=18, width=width - 2 * _MARGIN, colour=_INK)
    c, h, w = data.shape
    counts = ", ".join(f"{len(part):,} {name}" for name, part in data.parts())
    said = f"{counts}   {w}x{h}   {'grey' if c == 1 else 'colour'}   {data.classes} classes"
    said += f", the first {shown} shown" if shown < data.classes else ""
    _text(draw, (_MARGIN, 35), said, size=12, width=width - 2 * _MARGIN, colour=_FAINT)
    per_class = np.bincount(data.train.labels, minlength=data.classes)
    for k in range(shown):
        top = _HEADER + k * (CELL + _GAP)
        draw.line((_MARGIN, top - _GAP // 2, width - _MARGIN, top - _GAP // 2), fill=_RULE)
        name_width = _NAMES_WIDTH - 16
        _text(
            draw,
            (_MARGIN, top + CELL // 2 - 19),
            data.class_names[k],
            size=15,
            width=name_width,
            colour=_INK,
        )
        count = f"{per_class[k]:,} images"
        _text(draw, (_MARGIN, top + CELL // 2 + 2), count, size=12, width=name_width, colour=_FAINT)
        for column, index in enumerate(_spread(np.flatnonzero(data.train.labels == k), columns)):
            left = _MARGIN + _NAMES_WIDTH + column * (CELL + _GAP)
            _paste(image, data.train.images[index], left, top)
    return _save(image, Path(path))


def picture_grid(
    images: U8 | Sequence[U8], captions: Sequence[str], path: str | Path, *, columns: int = 8
) -> Path:
    """Draw images with a caption of up to two lines under each.

    Args:
        images: u8[N,C,H,W], or a sequence of u8[C,H,W] of any sizes; C is 1 or 3.
        captions: one for each image; a new line begins the second.
        path: where the PNG goes; a file there is replaced.
        columns: images side by side.
    Returns:
        The path.
    Raises:
        ShapeError: not one caption for each image, or no image.
        WriteError: it cannot be written.
    """
    if len(images) != len(captions) or not len(images):
        raise ShapeError(
            f"a grid needs one caption for each image, got {len(images)} images and "
            f"{len(captions)} captions",
            more="docs/data.md",
        )
    columns = max(1, min(columns, len(images)))
    rows = -(-len(images) // columns)
    pitch_x, pitch_y = CELL + 36, CELL + 2 * _LINE + 14
    image, draw = _canvas(2 * _MARGIN + columns * pitch_x, 2 * _MARGIN + rows * pitch_y)
    for index, (picture, caption) in enumerate(zip(images, captions, strict=True)):
        left = _MARGIN + index % columns * pitch_x
        top = _MARGIN + index // columns * pitch_y
        _paste(image, picture, left + (pitch_x - CELL) // 2, top)
        for line, text in enumerate(caption.split("\n")[:2]):
            place = (left + pitch_x // 2, top + CELL + 4 + line * _LINE)
            _text(
                draw,
                place,
                text,
                size=12,
                width=pitch_x - 8,
                colour=_FAINT if line else _INK,
                centre=True,
            )
    return _save(image, Path(path))


def _canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height), _PAPER)
    return image, ImageDraw.Draw(image)


def _spread(indices: I64, count: int) -> I64:
    """Up to `count` of them, evenly spread: files often lie in order, and the first look alike."""
    if len(indices) <= count:
        return indices
    return indices[np.linspace(0, len(indices) - 1, count).round().astype(np.int64)]


def _paste(canvas: Image.Image, picture: U8, left: int, top: int) -> None:
    """Draw one image within a cell: small ones in whole steps, to keep pixels square."""
    from PIL import Image

    plain = picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
    image = Image.fromarray(np.ascontiguousarray(plain))
    longest = max(image.size)
    if longest * 2 <= CELL:
        factor = CELL // longest
        size = (image.width * factor, image.height * factor)
        image = image.resize(size, Image.Resampling.NEAREST)
    elif longest > CELL:
        size = (
            max(1, round(image.width * CELL / longest)),
            max(1, round(image.height * CELL / longest)),
        )
        image = image.resize(size, Image.Resampling.LANCZOS)
    canvas.paste(image, (left + (CELL - image.width) // 2, top + (CELL - image.height) // 2))


def _text(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    *,
    size: int,
    width: int,
    colour: str,
    centre: bool = False,
) -> None:
    """Write one line, shortened to fit; names come from anywhere."""
    text = printable(text).replace("\n", " ")[:200]
    font = _font(text, size)
    if draw.textlength(text, font=font) > width:
        while text and draw.textlength(text + "...", font=font) > width:
            text = text[:-1]
        text += "..."
    left = place[0] - (draw.textlength(text, font=font) / 2 if centre else 0)
    draw.text((left, place[1]), text, font=font, fill=colour)


def _font(text: str, size: int) -> Font:
    """Pillow's own font; for letters it lacks, one that the system may have."""
    from PIL import ImageFont

    if any(ord(letter) > 0x17F for letter in text):
        for name in ("NotoSansCJK-Regular.ttc", "DejaVuSans.ttf", "Arial Unicode.ttf"):
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _save(image: Image.Image, path: Path) -> Path:
    """Write a PNG whole or not at all."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        image.save(part, "PNG")
        os.replace(part, path)  # noqa: PTH105 - str and Path alike
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise WriteError(
            f"{path} cannot be written: {(error.strerror or str(error)).lower()}",
            fix="choose another place: gd data show NAME --picture PATH",
            more="docs/data.md",
        ) from error
    return path
