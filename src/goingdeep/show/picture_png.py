"""The images of an answer as one PNG file, side by side."""

from __future__ import annotations

from io import BytesIO

from goingdeep.record.answer import Picture


def picture_png(picture: Picture, scale: int = 1) -> bytes:
    """A PNG; empty where the pixels are not as many as the shape says.

    Args:
        scale: how many pixels wide one of them is drawn.
    """
    import numpy as np
    from PIL import Image

    count, channels, height, width = picture.shape
    if not picture.pixels or len(picture.pixels) != count * channels * height * width:
        return b""
    pixels = np.frombuffer(picture.pixels, np.uint8).reshape(count, channels, height, width)
    shown = pixels if channels == 3 else pixels[:, :1].repeat(3, axis=1)
    row = np.concatenate([np.pad(p, ((0, 0), (0, 0), (0, 2))) for p in shown], axis=2)
    drawn = row.transpose(1, 2, 0).repeat(scale, axis=0).repeat(scale, axis=1)
    content = BytesIO()
    Image.fromarray(np.ascontiguousarray(drawn)).save(content, "PNG")
    return content.getvalue()
