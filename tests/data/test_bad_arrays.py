"""Arrays and .npz files that cannot be used, each with the text of its error."""

from __future__ import annotations

import pickle
import zipfile

import numpy as np
import pytest

from goingdeep.data import load
from goingdeep.errors import DataError, LabelError, ShapeError

X = np.random.default_rng(0).integers(0, 256, (6, 4, 4), dtype=np.uint8)
Y = np.array([0, 1] * 3)
FLOATS = X.astype(np.float32)
NAN = FLOATS.copy()
NAN[4, 0, 0] = np.nan

BAD = [
    ({}, DataError, "arrays has no training images"),
    ({"x": X}, LabelError, "arrays has no train labels"),
    ({"y": Y}, DataError, "arrays has no training images"),
    ({"x": X, "x_train": X, "y": Y}, DataError, "more than one array for the train images"),
    ({"x": X, "y": Y, "x_test": X}, LabelError, "arrays has no test labels"),
    ({"x": X[:0], "y": Y[:0]}, ShapeError, "the train images are empty: u8[0,4,4]"),
    ({"x": X, "y": Y[:5]}, ShapeError, "the train part has 6 images and 5 labels"),
    ({"x": X, "y": 3}, ShapeError, "the train part has 6 images and one label"),
    ({"x": X.reshape(6, 16), "y": Y}, ShapeError, "images.reshape(-1, 4, 4)"),
    ({"x": np.zeros((6, 3, 5, 3), np.uint8), "y": Y}, ShapeError, "could both be the channels"),
    ({"x": np.zeros((6, 5, 5, 4), np.uint8), "y": Y}, ShapeError, "images[..., :3]"),
    ({"x": np.zeros((6, 5, 5, 2), np.uint8), "y": Y}, ShapeError, "got u8[6,5,5,2]"),
    ({"x": NAN, "y": Y}, DataError, "NaN or infinity: nan in sample 4"),
    ({"x": FLOATS - 128, "y": Y}, DataError, "a value below 0"),
    ({"x": FLOATS * 2, "y": Y}, DataError, "a value above 255"),
    ({"x": FLOATS * 2, "y": Y}, DataError, "divide all parts"),
    ({"x": X.astype(np.uint16) * 257, "y": Y}, DataError, "(images >> 8).astype(np.uint8)"),
    ({"x": FLOATS / 255, "y": Y, "x_test": FLOATS, "y_test": Y}, DataError, "a value above 1"),
    ({"x": X * 1j, "y": Y}, DataError, "the train images hold complex128, expected numbers"),
    ({"x": [[1], [1, 2]], "y": Y}, ShapeError, "the items have different shapes"),
    ({"x": np.array([object()] * 6), "y": Y}, DataError, "are Python objects"),
    (
        {"x": X, "y": Y, "x_test": X[:, :3], "y_test": Y},
        ShapeError,
        "the test images are u8[6,1,3,4]",
    ),
    ({"x": X, "y": np.zeros(6, int)}, LabelError, "one class only (0)"),
    ({"x": X, "y": [0, 0, 0, 0, 0, 1]}, LabelError, "'1' of arrays has one training image only"),
    ({"x": X, "y": Y + 1}, LabelError, "labels = labels - 1"),
    ({"x": X, "y": Y * 2}, LabelError, "no training label is 1, but there are labels up to 2"),
    ({"x": X, "y": Y * 10**9}, LabelError, "labels up to 1000000000"),
    ({"x": X, "y": Y * 10**12}, LabelError, "a number too large for a class"),
    ({"x": X, "y": Y - 1}, LabelError, "a negative number: -1 in sample 0"),
    ({"x": X, "y": Y + 0.5}, LabelError, "a fraction: 0.5 in sample 0"),
    ({"x": X, "y": np.where(Y > 0, np.nan, 0.0)}, LabelError, "NaN or infinity: nan in sample 1"),
    ({"x": X, "y": np.eye(2)[Y]}, ShapeError, "labels.argmax(axis=1)"),
    ({"x": X, "y": Y * 1j}, LabelError, "expected whole numbers or strings"),
    (
        {"x": X, "y": Y, "x_test": X, "y_test": Y * 5},
        LabelError,
        "the test labels must be 0 to 1, got 5 in sample 1",
    ),
    ({"x": X, "y": Y, "class_names": ["a"]}, LabelError, "the train labels must be 0 to 0, got 1"),
    ({"x": X, "y": Y, "class_names": ["a", "a"]}, LabelError, "two classes are called 'a'"),
    (
        {"x": X, "y": Y, "class_names": [1, 2]},
        LabelError,
        "class_names should be a list of strings",
    ),
    (
        {"x": X, "y": list("ababab"), "x_test": X, "y_test": list("abcabc")},
        LabelError,
        "the test part has a class 'c'",
    ),
    ({"x": X, "y": list("ababab"), "x_test": X, "y_test": Y}, LabelError, "are strings, those of"),
    ({"x": X, "y": [b"\xff", b"a"] * 3}, LabelError, "bytes that are not UTF-8"),
]


@pytest.mark.parametrize(("arrays", "kind", "text"), BAD, ids=[text for _, _, text in BAD])
def test_bad_arrays_are_refused_with_a_clear_error(arrays, kind, text):
    with pytest.raises(kind) as caught:
        load(arrays)
    assert text in str(caught.value)
    assert caught.value.more == "docs/data.md" or "empty" in text


class Alarm:
    """Unpickling this would end the test run."""

    def __reduce__(self):
        return (exit, (3,))


def test_a_pickled_npz_is_refused_and_never_run(tmp_path):
    path = tmp_path / "evil.npz"
    np.savez(path, x=X, y=np.array([Alarm()] * 6, dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="holds pickled Python objects, which are never loaded"):
        load(path)


def test_a_pickle_named_npz_is_refused(tmp_path):
    path = tmp_path / "evil.npz"
    path.write_bytes(pickle.dumps(Alarm()))
    with pytest.raises(DataError, match="it is a pickle"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data\.npz is not an \.npz file that can be read"):
        load(path)


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "data.npz"
    np.savez_compressed(path, x=X, y=Y)
    content = bytearray(path.read_bytes())
    content[150:180] = b"?" * 30
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is not an \.npz file that can be read"):
        load(path)


def test_an_archive_of_text_is_refused(tmp_path):
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", "not an array")
        archive.writestr("y.npy", "not an array")
    with pytest.raises(DataError):
        load(path)
