"""From what the user names to the right source, or to an error that helps."""

from __future__ import annotations

import subprocess
import sys

import pytest

from goingdeep.data import load
from goingdeep.data.images import DataSettings
from goingdeep.data.natural import natural_sorted
from goingdeep.errors import (
    DataError,
    DataNotFoundError,
    SettingsError,
    ShapeError,
    UnknownNameError,
)


def test_an_unknown_name_gets_the_nearest_and_what_works_offline():
    with pytest.raises(UnknownNameError) as caught:
        load("fashion_mnits")
    text = str(caught.value)
    assert text.startswith("there is no data set called 'fashion_mnits'")
    assert "did you mean fashion-mnist?" in text
    assert "fashion-mnist-sample works without a network" in text


@pytest.mark.parametrize("name", ["", "zzzz", "x" * 5000, "a\0b", "\udcff"])
def test_names_that_cannot_be_files_are_unknown(name):
    with pytest.raises(UnknownNameError, match="there is no data set called"):
        load(name)


@pytest.mark.parametrize("path", ["no/such/folder", "./mnist", "missing.npz"])
def test_a_path_with_nothing_there_is_said(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataNotFoundError, match="there is nothing at"):
        load(path)


def test_a_file_of_another_kind_is_said(tmp_path):
    (tmp_path / "data.csv").write_text("1,2")
    with pytest.raises(DataError, match=r"data\.csv is neither a folder nor an \.npz file"):
        load(tmp_path / "data.csv")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (DataSettings(size=-1), "data.size must be 0"),
        (DataSettings(size=99_999), "data.size must be 0"),
        (DataSettings(resize="fit"), "data.resize must be pad, crop or stretch, got 'fit'"),
        (DataSettings(workers=-1), "data.workers must be 0 or more"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(settings, text):
    with pytest.raises(SettingsError) as caught:
        load("fashion-mnist-sample", settings)
    assert text in str(caught.value)


def test_arrays_that_are_not_square_need_a_policy(pixels):
    arrays = {"x": pixels(6, 4, 8), "y": [0, 1] * 3}
    with pytest.raises(
        ShapeError, match="images of 8x4 cannot become 16x16 without a resize policy"
    ):
        load(arrays, DataSettings(size=16))
    assert load(arrays, DataSettings(size=16, resize="crop")).shape == (1, 16, 16)


def test_names_sort_as_people_do():
    hard = ["a10", "a2", "a02", "a", "10", "9", "", "b1.10", "b1.9", "9" * 5000, "²"]
    assert natural_sorted(hard) == natural_sorted(reversed(hard))
    assert natural_sorted(["a10", "a2", "b1", "a1"]) == ["a1", "a2", "a10", "b1"]


def test_data_is_imported_without_torch_and_pillow():
    code = (
        "import sys, goingdeep.data as d; d.load('fashion-mnist-sample');"
        "print(sorted({'torch', 'PIL', 'platformdirs'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
