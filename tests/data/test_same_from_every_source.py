"""The same images are the same, whatever they come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from goingdeep.data import load
from goingdeep.data.images import DataSettings


@pytest.fixture
def few():
    """Thirty images of each class of the sample, in class order, as arrays."""
    sample = load("fashion-mnist-sample")
    arrays = {}
    for name, part in (("train", sample.train), ("test", sample.test)):
        order = np.concatenate([np.flatnonzero(part.labels == k)[:30] for k in range(10)])
        arrays[f"x_{name}"] = part.images[order]
        arrays[f"y_{name}"] = part.labels[order]
    return arrays


def as_folder(few, root):
    for part in ("train", "test"):
        for i, (image, label) in enumerate(zip(few[f"x_{part}"], few[f"y_{part}"], strict=True)):
            folder = root / part / f"class {label}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[0]).save(folder / f"{i}.png")
    return root


def test_arrays_npz_and_folder_give_the_same_bits_and_fingerprint(few, tmp_path):
    np.savez(tmp_path / "few.npz", **few)
    sources = [
        load(few),
        load(tmp_path / "few.npz"),
        load(str(as_folder(few, tmp_path / "pictures"))),
        load(str(tmp_path / "pictures")),  # from the cache
        load({key: torch.from_numpy(value) for key, value in few.items()}),
        load({key: value[:, 0] if value.ndim == 4 else value for key, value in few.items()}),
        load({**few, "x_train": few["x_train"].transpose(0, 2, 3, 1)}),
        load({**few, "x_train": few["x_train"].astype(np.float32) / np.float32(255)}),
        load({**few, "x_train": few["x_train"].astype(np.float64)}),
        load({**few, "x_train": (few["x_train"] / 255).astype(np.float16)}),
        load({**few, "y_train": few["y_train"].astype(np.float32)[:, None]}),
    ]
    for data in sources:
        assert data.train.images.tobytes() == few["x_train"].tobytes()
        assert data.test.images.tobytes() == few["x_test"].tobytes()
        assert data.train.labels.tolist() == few["y_train"].tolist()
        assert data.train.images.flags.c_contiguous
        assert data.notes == ()
    assert len({data.fingerprint() for data in sources}) == 1


def test_the_sample_is_balanced_and_equals_the_arrays_it_holds():
    sample = load("fashion-mnist-sample")
    assert sample.train.images.shape == (10_000, 1, 28, 28)
    assert sample.test.images.shape == (2_000, 1, 28, 28)
    assert np.bincount(sample.train.labels).tolist() == [1000] * 10
    assert np.bincount(sample.test.labels).tolist() == [200] * 10
    again = load(
        {
            "x_train": sample.train.images,
            "y_train": sample.train.labels,
            "x_test": sample.test.images,
            "y_test": sample.test.labels,
        }
    )
    assert again.fingerprint() == sample.fingerprint()


def test_a_changed_pixel_label_or_order_changes_the_fingerprint(few):
    seen = {load(few).fingerprint()}
    pixel = few["x_train"].copy()
    pixel[7, 0, 3, 3] ^= 1
    label = few["y_train"].copy()
    label[7] = 1
    turned = {key: value[::-1] for key, value in few.items()}
    for changed in ({**few, "x_train": pixel}, {**few, "y_train": label}, turned):
        seen.add(load(changed).fingerprint())
    assert len(seen) == 4


def test_a_resized_set_is_the_same_from_arrays_and_from_a_folder(few, tmp_path):
    settings = DataSettings(size=20, resize="pad")
    folder = load(as_folder(few, tmp_path / "pictures"), settings)
    arrays = load(few, settings)
    assert arrays.shape == (1, 20, 20)
    assert folder.fingerprint() == arrays.fingerprint()


def test_strings_are_sorted_naturally_as_class_names(pixels):
    data = load({"x": pixels(6, 4, 4), "y": ["c10", "c2", "c1", "c10", "c2", "c1"]})
    assert data.class_names == ("c1", "c2", "c10")


def test_given_class_names_keep_their_order(pixels):
    arrays = {"x": pixels(4, 4, 4), "y": ["b", "a", "b", "a"], "class_names": ["b", "a"]}
    data = load({**arrays, "x_test": arrays["x"], "y_test": arrays["y"]})
    assert data.class_names == ("b", "a")
    assert data.train.labels.tolist() == [0, 1, 0, 1]


def test_booleans_are_black_and_white(pixels):
    masks = pixels(6, 4, 4) > 127
    data = load({"x_train": masks, "y_train": [0, 1] * 3, "x_test": masks, "y_test": [0, 1] * 3})
    assert np.array_equal(data.train.images[:, 0], masks * np.uint8(255))


def test_rounding_to_eight_bits_is_said(pixels):
    between = pixels(6, 4, 4) / 255 * 0.9
    data = load(
        {"x_train": between, "y_train": [0, 1] * 3, "x_test": between, "y_test": [0, 1] * 3}
    )
    assert "rounded to 8 bits" in data.notes[0]


def test_arrays_without_a_use_are_named(pixels):
    data = load({"x": pixels(6, 4, 4), "y": [0, 1] * 3, "ids": np.arange(6)})
    assert data.notes[0] == "ignored: ids"


def test_images_of_three_pixels_are_told_apart_by_a_grey_form(pixels):
    data = load({"x": pixels(6, 3, 3), "y": [0, 1] * 3})
    assert data.shape == (1, 3, 3)
