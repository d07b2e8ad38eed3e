"""Bringing images that are arrays already to another size."""

from __future__ import annotations

import dataclasses

import numpy as np

from goingdeep.data.cache import open_cached, workspace
from goingdeep.data.images import U8, DataSettings, ImageData, Part, Progress
from goingdeep.errors import SettingsError, ShapeError

LARGEST_SIDE = 8192


def check_settings(settings: DataSettings) -> None:
    """Refuse settings that no source could follow.

    Raises:
        SettingsError: a size, policy or number of workers that does not exist.
    """
    if not 0 <= settings.size <= LARGEST_SIDE:
        raise SettingsError(
            f"data.size must be 0 (keep the size) to {LARGEST_SIDE}, got {settings.size}",
            fix="--set data.size=64",
            more="docs/data.md",
        )
    if settings.resize not in ("", "pad", "crop", "stretch"):
        raise SettingsError(
            f"data.resize must be pad, crop or stretch, got {settings.resize!r}",
            fix="--set data.resize=pad",
            more="docs/data.md",
        )
    if settings.workers < 0:
        raise SettingsError(
            f"data.workers must be 0 or more, got {settings.workers}",
            fix="--set data.workers=0",
            more="docs/data.md",
        )


def resized(data: ImageData, progress: Progress | None = None) -> ImageData:
    """The data in the size its settings ask for.

    Data that came out of the cache goes back into it under its new size, so this is done once.

    Raises:
        ShapeError: the images are not square and no policy says how to make them so.
    """
    settings = data.settings
    _, height, width = data.shape
    if not settings.size or (height, width) == (settings.size, settings.size):
        return data
    if height != width and not settings.resize:
        raise ShapeError(
            f"images of {width}x{height} cannot become {settings.size}x{settings.size} "
            "without a resize policy",
            fix="--set data.resize=pad (or crop, or stretch)",
            more="docs/data.md",
        )
    before = data.fingerprint()
    key = f"resized-{before[:24]}-{settings.size}-{settings.resize or 'stretch'}"
    cached = open_cached(key, name=data.name, source=data.source, settings=settings)
    if cached is not None:
        return dataclasses.replace(cached, class_names=data.class_names)
    note = f"images brought from {width}x{height} to {settings.size}x{settings.size}"
    note += f" ({settings.resize})" if settings.resize else ""
    with workspace(key) as space:
        parts = {
            name: Part(_resize_all(part.images, settings, name, progress), part.labels, part.names)
            for name, part in data.parts()
        }
        return space.finish(
            dataclasses.replace(
                data,
                train=parts["train"],
                test=parts["test"],
                validation=parts.get("validation"),
                notes=(*data.notes, note),
                facts={key: value for key, value in data.facts.items() if key != "duplicates"},
                known_fingerprint="",
            )
        )


def _resize_all(images: U8, settings: DataSettings, part: str, progress: Progress | None) -> U8:
    from PIL import Image

    from goingdeep.data.pictures import bring_to_size

    count, channels = images.shape[:2]
    side = settings.size
    out = np.empty((count, channels, side, side), np.uint8)
    for index, image in enumerate(images):
        plain = image[0] if channels == 1 else image.transpose(1, 2, 0)
        picture = Image.fromarray(np.ascontiguousarray(plain))
        pixels = np.asarray(bring_to_size(picture, (side, side), settings.resize))
        out[index] = pixels if channels == 1 else pixels.transpose(2, 0, 1)
        if progress is not None and (index % 500 == 0 or index + 1 == count):
            progress(f"resizing {part}", index + 1, count)
    return out
