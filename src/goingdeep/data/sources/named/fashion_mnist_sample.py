"""The embedded sample: 10,000 + 2,000 images of Fashion-MNIST, as many of each class.

Made by tools/make_sample.py; the licence lies beside the file. It needs no network and no cache.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from goingdeep.data.images import DataSettings, ImageData, Part, Progress
from goingdeep.data.sources.named.fashion_mnist import CLASS_NAMES

FILE = Path(__file__).parent.parent.parent / "sample" / "fashion-mnist-sample.npz"


def load(settings: DataSettings, progress: Progress | None = None) -> ImageData:
    """Open the sample; it takes a few hundredths of a second, so `progress` hears nothing."""
    del progress
    with np.load(FILE, allow_pickle=False) as arrays:
        train, test = (
            Part(arrays[f"{name}_images"], arrays[f"{name}_labels"].astype(np.int64))
            for name in ("train", "test")
        )
    return ImageData(
        name="fashion-mnist-sample",
        source="fashion-mnist-sample",
        class_names=CLASS_NAMES,
        train=train,
        test=test,
        settings=settings,
    )
