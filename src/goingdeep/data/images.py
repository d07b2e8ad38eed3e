"""What every source gives: images as one uint8 array for each part, labels, class names.

Axes in this folder: N samples, C channels, H height, W width, K classes.
Nothing in this file imports torch: data can be shown, counted and checked without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Resize = Literal["", "pad", "crop", "stretch"]
PartName = Literal["train", "validation", "test"]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and how much there is to do (0: not known)."""
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class DataSettings:
    """How pictures become arrays.

    size: side in pixels that every picture is brought to; 0 keeps the size they have.
    resize: how: "pad" (whole picture, black borders), "crop" (centre, cuts the longer side),
        "stretch" (changes the proportions); "" refuses pictures of different sizes.
    strict: refuse a folder with an unreadable picture instead of skipping and counting it.
    workers: processes that prepare batches; 0 is fastest for pictures held in memory.
    """

    size: int = 0
    resize: Resize = ""
    strict: bool = False
    workers: int = 0


@dataclass(frozen=True)
class Part:
    """One of train, validation and test.

    images: u8[N,C,H,W], C-contiguous, in memory or memory-mapped.
    labels: i64[N], 0 to K-1.
    names: where each sample came from (a file's path), or empty when it has no name.
    """

    images: U8
    labels: I64
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: I64) -> Part:
        """The samples at these indices, in this order (a copy)."""
        names = tuple(self.names[i] for i in indices) if self.names else ()
        return Part(np.ascontiguousarray(self.images[indices]), self.labels[indices], names)


@dataclass(frozen=True)
class ImageData:
    """A data set: parts, class names, and what the source had to say about itself.

    name: what the user asked for ("fashion-mnist", "pictures/", "arrays").
    source: an absolute path or a data set's name from which `load` gives the same data again;
        empty for arrays, which only the caller has.
    notes: one sentence each for whatever was skipped, converted or held out.
    facts: what only the source could see (unreadable files, sizes before resizing), in JSON types.
    known_fingerprint: what `fingerprint` would compute, where a cache already knows it; whoever
        replaces a part must clear it.
    grey / RGB follow from the shape of the images: C is 1 or 3 for pictures.
    """

    name: str
    source: str
    class_names: tuple[str, ...]
    train: Part
    test: Part
    validation: Part | None = None
    settings: DataSettings = field(default_factory=DataSettings)
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    known_fingerprint: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """C, H, W of one image."""
        _, c, h, w = self.train.images.shape
        return c, h, w

    @property
    def classes(self) -> int:
        """K, the number of classes."""
        return len(self.class_names)

    def parts(self) -> Iterator[tuple[PartName, Part]]:
        """The parts that exist, in the order train, validation, test."""
        yield "train", self.train
        if self.validation is not None:
            yield "validation", self.validation
        yield "test", self.test

    def fingerprint(self) -> str:
        """A hash of every pixel and label in their order: equal data gives equal fingerprints.

        Names are left out: the same images train the same weights whether they came from a folder,
        an .npz file or an array, whatever their classes are called there.
        """
        if self.known_fingerprint:
            return self.known_fingerprint
        digest = hashlib.sha256(f"{self.classes} classes\n".encode())
        for name, part in self.parts():
            digest.update(f"{name} {part.images.shape}\n".encode())
            digest.update(np.ascontiguousarray(part.images).data)
            digest.update(part.labels.astype("<i8").tobytes())
        return digest.hexdigest()


def describe(images: npt.NDArray[Any]) -> str:
    """The one spelling of an array for people.

    >>> describe(np.zeros((64, 1, 28, 28), np.uint8))
    'u8[64,1,28,28]'
    """
    short = {"uint8": "u8", "float32": "f32", "float64": "f64", "int64": "i64"}
    kind = short.get(images.dtype.name, images.dtype.name)
    return f"{kind}[{','.join(map(str, images.shape))}]"
