"""What is said and drawn about a data set."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from goingdeep.data import contact_sheet, facts, load, picture_grid
from goingdeep.data.duplicates import count_duplicates
from goingdeep.data.facts import channel_statistics
from goingdeep.errors import ShapeError, WriteError


def test_facts_are_plain_json_and_count_right():
    sample = load("fashion-mnist-sample")
    said = json.loads(json.dumps(facts(sample)))
    assert said["shape"] == [1, 28, 28]
    assert said["parts"]["train"]["per_class"] == [1000] * 10
    assert (said["parts"]["train"]["lowest"], said["parts"]["train"]["highest"]) == (0, 255)
    floats = sample.train.images.astype(np.float64) / 255
    assert said["parts"]["train"]["mean"] == [pytest.approx(floats.mean(), abs=1e-6)]
    assert said["parts"]["train"]["std"] == [pytest.approx(floats.std(), abs=1e-6)]
    assert said["fingerprint"] == sample.fingerprint()


def test_statistics_are_for_each_channel(pixels):
    images = pixels(2000, 3, 5, 4)
    mean, std = channel_statistics(images)
    assert mean == pytest.approx((images / 255).mean(axis=(0, 2, 3)))
    assert std == pytest.approx((images / 255).std(axis=(0, 2, 3)))


def test_duplicates_are_counted_inside_and_across_parts(pixels):
    train, test, val = pixels(10, 4, 4), pixels(5, 4, 4), pixels(3, 4, 4)
    train[1] = train[0]  # labels 1 and 0: an image with two labels
    train[4] = train[2]  # both label 0
    test[0] = test[1] = train[5]
    val[2] = train[6]
    data = load(
        {
            "x_train": train,
            "y_train": [0, 1] * 5,
            "x_test": test,
            "y_test": [0, 1, 0, 1, 0],
            "x_val": val,
            "y_val": [0, 1, 0],
        }
    )
    assert count_duplicates(data) == {
        "within_train": 2,
        "two_labels": 2,
        "train_in_validation": 1,
        "train_in_test": 2,
        "validation_in_test": 0,
    }


def test_a_contact_sheet_has_a_row_for_each_class(tmp_path):
    path = contact_sheet(load("fashion-mnist-sample"), tmp_path / "sheet.png", columns=7)
    with Image.open(path) as image:
        image.load()
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert image.size == (2 * 20 + 190 + 7 * 90 - 6, 58 + 10 * 90 + 20)
    assert [entry.name for entry in tmp_path.iterdir()] == ["sheet.png"]


def test_a_contact_sheet_shows_each_pixel_of_small_images(tmp_path, pixels):
    images = pixels(8, 3, 6, 6)
    data = load({"x_train": images, "y_train": [0, 1] * 4, "x_test": images, "y_test": [0, 1] * 4})
    with Image.open(contact_sheet(data, tmp_path / "s.png")) as sheet:
        drawn = np.asarray(sheet)
    corner = drawn[58 : 58 + 84, 210 : 210 + 84]
    expected = data.train.images[0].transpose(1, 2, 0)
    assert np.array_equal(corner[7::14, 7::14], expected)


@pytest.mark.parametrize("size", [(4, 4), (600, 20), (3, 500)])
@pytest.mark.parametrize("names", [["\x1b[31m", "\udcff"], ["猫" * 90, "Ελληνικά"], ["", "a\nb"]])
def test_hostile_names_and_sizes_are_drawn(tmp_path, pixels, size, names):
    images = pixels(4, *size)
    arrays = {"x_train": images, "y_train": [0, 1] * 2, "x_test": images, "y_test": [0, 1] * 2}
    path = contact_sheet(load({**arrays, "class_names": names}), tmp_path / "s.png")
    with Image.open(path) as image:
        assert image.height == 58 + 2 * 90 + 20


def test_many_classes_end_in_a_bounded_sheet(tmp_path, pixels):
    images = pixels(200, 2, 2)
    labels = np.arange(200) % 100
    data = load({"x_train": images, "y_train": labels, "x_test": images, "y_test": labels})
    with Image.open(contact_sheet(data, tmp_path / "s.png")) as image:
        assert image.height == 58 + 60 * 90 + 20


def test_a_grid_takes_images_of_any_size(tmp_path, pixels):
    images = [pixels(1, 28, 28), pixels(3, 300, 200), pixels(1, 2, 90)]
    path = picture_grid(images, ["one", "two\nlines", "three" * 40], tmp_path / "g.png", columns=2)
    with Image.open(path) as image:
        assert image.size == (2 * 20 + 2 * 120, 2 * 20 + 2 * 130)


def test_a_grid_needs_a_caption_for_each_image(tmp_path, pixels):
    for images, captions in ((pixels(2, 1, 4, 4), ["one"]), (pixels(0, 1, 4, 4), [])):
        with pytest.raises(ShapeError, match="a grid needs one caption for each image"):
            picture_grid(images, captions, tmp_path / "g.png")


def test_a_picture_that_cannot_be_written_is_said(tmp_path, pixels):
    with pytest.raises(WriteError, match="cannot be written"):
        picture_grid(pixels(1, 1, 4, 4), ["x"], tmp_path / "missing" / "g.png")
