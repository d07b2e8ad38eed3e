"""MNIST: 60,000 + 10,000 handwritten digits, 28x28, grey."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from goingdeep.data.idx import read_idx
from goingdeep.data.images import DataSettings, ImageData, Part, Progress
from goingdeep.data.sources.published import Published, PublishedFile, load_published

IDX_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
# Bytes inside the four files: the same for MNIST and for Fashion-MNIST, which copies its form.
IDX_INSIDE = (47_040_016, 60_008, 7_840_016, 10_008)


def decode_idx(contents: Mapping[str, bytes]) -> tuple[Part, Part]:
    """Make the train and test parts from the four files."""
    arrays = [read_idx(contents[name]) for name in IDX_NAMES]
    train, test = (
        Part(images[:, np.newaxis], labels.astype(np.int64))
        for images, labels in (arrays[:2], arrays[2:])
    )
    return train, test


MNIST = Published(
    name="mnist",
    class_names=tuple("0123456789"),
    files=tuple(
        PublishedFile(name, size, sha256, inside)
        for name, inside, size, sha256 in zip(
            IDX_NAMES,
            IDX_INSIDE,
            (9_912_422, 28_881, 1_648_877, 4_542),
            (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
            strict=True,
        )
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    decode=decode_idx,
    offline="without a network use fashion-mnist-sample, which comes with goingdeep",
)


def load(settings: DataSettings, progress: Progress | None = None) -> ImageData:
    """Open MNIST; see `load_published`."""
    return load_published(MNIST, settings, progress)
