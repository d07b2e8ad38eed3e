"""CIFAR-10: 50,000 + 10,000 small colour photographs, 32x32, in the binary version.

The version for Python is a pickle, which runs whatever code it holds when it is read: never used.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

import numpy as np

from goingdeep.data.images import DataSettings, ImageData, Part, Progress
from goingdeep.data.sources.published import Published, PublishedFile, load_published

ARCHIVE = "cifar-10-binary.tar.gz"
_RECORD = 1 + 3 * 32 * 32  # the label, then all red, all green, all blue: already C,H,W
_FOLDER = "cifar-10-batches-bin"


def decode_cifar(contents: Mapping[str, bytes]) -> tuple[Part, Part]:
    """Make the train and test parts from the archive, which is read and never unpacked to disk."""
    with tarfile.open(fileobj=io.BytesIO(contents[ARCHIVE]), mode="r:gz") as archive:
        train = b"".join(_member(archive, f"data_batch_{number}.bin") for number in range(1, 6))
        return _part(train), _part(_member(archive, "test_batch.bin"))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    handle = archive.extractfile(f"{_FOLDER}/{name}")
    return handle.read() if handle is not None else b""


def _part(content: bytes) -> Part:
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    images = np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32)
    return Part(images, records[:, 0].astype(np.int64))


CIFAR10 = Published(
    name="cifar10",
    class_names=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    files=(
        PublishedFile(
            ARCHIVE,
            170_052_171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
    decode=decode_cifar,
    offline="without a network use fashion-mnist-sample, which comes with goingdeep",
)


def load(settings: DataSettings, progress: Progress | None = None) -> ImageData:
    """Open CIFAR-10; see `load_published`."""
    return load_published(CIFAR10, settings, progress)
