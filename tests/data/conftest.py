"""Every test here has a cache of its own: the user's is never touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GOINGDEEP_CACHE", str(folder))
    monkeypatch.setenv("GOINGDEEP_SYSTEM_DATA", str(folder / "no-system"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return folder


@pytest.fixture
def pixels() -> Callable[..., np.ndarray]:
    """Random pictures, the same for every test that asks for the same shape."""

    def make(*shape: int) -> np.ndarray:
        return np.random.default_rng(shape).integers(0, 256, shape, dtype=np.uint8)

    return make


@pytest.fixture
def pictures(tmp_path, pixels) -> Callable[..., Path]:
    """Make a folder of pictures: pictures("cat", "dog", count=4, size=(8, 8))."""

    def make(
        *classes: str, count: int = 4, size: tuple[int, int] = (8, 8), under: str = ""
    ) -> Path:
        root = tmp_path / "pictures"
        images = pixels(len(classes), count, *size)
        for k, name in enumerate(classes):
            folder = root / under / name
            folder.mkdir(parents=True)
            for i in range(count):
                # Part names are mixed in, or train and test would hold the same pictures.
                image = images[k, i] ^ np.uint8(len(under) * 7)
                Image.fromarray(image).save(folder / f"{i}.png")
        return root

    return make
