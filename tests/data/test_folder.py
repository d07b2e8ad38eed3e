"""A folder of pictures: what is found, in which order, and what is refused."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from goingdeep.data import facts, load
from goingdeep.data.images import DataSettings
from goingdeep.data.sources import folder as folder_source
from goingdeep.errors import DataError, DataNotFoundError, ImageError, LabelError, ShapeError


def test_classes_and_files_are_sorted_naturally(pictures):
    root = pictures("class 10", "class 2", "class 1", count=12)
    data = load(root)
    assert data.class_names == ("class 1", "class 2", "class 10")
    numbers = [int(name.split("/")[1][:-4]) for name in data.train.names if "class 2" in name]
    assert numbers == sorted(numbers)
    assert data.source == str(root)


@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
def test_part_folders_become_parts(pictures, validation):
    root = pictures("a", "b", under="train")
    pictures("a", "b", count=3, under=validation)
    pictures("a", "b", count=2, under="test")
    data = load(root)
    assert [(name, len(part)) for name, part in data.parts()] == [
        ("train", 8),
        ("validation", 6),
        ("test", 4),
    ]
    assert data.notes == ()


def test_a_class_called_train_is_a_class(pictures):
    assert load(pictures("car", "plane", "train")).class_names == ("car", "plane", "train")


def test_without_a_test_part_one_is_held_out_and_said(pictures):
    data = load(pictures("a", "b", count=20))
    assert (len(data.train), len(data.test)) == (34, 6)
    assert "6 of 40 images (15%) are held out for testing" in data.notes[0]
    assert not set(data.train.names) & set(data.test.names)


def test_hidden_files_and_other_kinds_are_passed_over(pictures):
    root = pictures("a", "b")
    (root / ".hidden").mkdir()
    (root / "a" / ".hidden.png").write_text("x")
    (root / "a" / "notes.txt").write_text("x")
    (root / "loose.png").write_bytes((root / "a" / "0.png").read_bytes())
    data = load(root)
    assert len(data.train) + len(data.test) == 8
    assert "left out: 1 file of another kind (.txt)" in " ".join(data.notes)
    assert "1 pictures lie outside the class folders" in " ".join(data.notes)


def test_deeper_folders_belong_to_their_class(pictures):
    root = pictures("a", "b")
    (root / "a" / "more").mkdir()
    (root / "a" / "0.png").rename(root / "a" / "more" / "0.png")
    data = load(root)
    assert "a/more/0.png" in data.train.names + data.test.names


def test_links_round_in_a_circle_do_not_hang(pictures):
    root = pictures("a", "b")
    (root / "a" / "again").symlink_to(root / "a")
    (root / "b" / "up").symlink_to(root / "b")
    (root / "b" / "nowhere.png").symlink_to(root / "missing.png")
    data = load(root)
    assert len(data.train) + len(data.test) == 8
    assert "not followed: 2 links to folders that were listed already" in data.notes
    assert facts(data)["unreadable"]["count"] == 1


def claiming(png, width, height):
    """The same PNG with another size in its header: what a decompression bomb looks like."""
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


def unreadable(root):
    (root / "a" / "text.png").write_text("I am text")
    (root / "a" / "empty.png").write_bytes(b"")
    whole = (root / "a" / "0.png").read_bytes()
    (root / "b" / "cut.png").write_bytes(whole[: len(whole) - 40])
    os.mkfifo(root / "b" / "pipe.png")
    Image.new("F", (8, 8)).save(root / "b" / "float.tif")
    (root / "b" / "bomb.png").write_bytes(claiming(whole, 20_000, 20_000))
    (root / "b" / "small-bomb.png").write_bytes(claiming(whole, 10_000, 10_000))
    return {
        "text.png",
        "empty.png",
        "cut.png",
        "pipe.png",
        "float.tif",
        "bomb.png",
        "small-bomb.png",
    }


def test_unreadable_pictures_are_listed_and_left_out(pictures):
    root = pictures("a", "b")
    bad = unreadable(root)
    data = load(root)
    assert len(data.train) + len(data.test) == 8
    assert any("7 unreadable pictures left out" in note for note in data.notes)
    listed = {
        file["path"].split("/")[1]: file["why"] for file in facts(data)["unreadable"]["files"]
    }
    assert set(listed) == bad
    assert listed["empty.png"] == "the file is empty"
    assert listed["text.png"] == "it is not a picture of a known kind"
    assert "pixels" in listed["bomb.png"]
    assert listed["pipe.png"] == "there is no such plain file"


def test_strict_refuses_the_first_unreadable_picture(pictures):
    root = pictures("a", "b")
    (root / "a" / "text.png").write_text("I am text")
    with pytest.raises(ImageError, match=r"text\.png cannot be read as a picture"):
        load(root, DataSettings(strict=True))


def test_different_sizes_are_refused_until_a_policy_says_how(pictures):
    root = pictures("a", "b")
    Image.new("L", (10, 6)).save(root / "a" / "wide.png")
    with pytest.raises(ShapeError) as caught:
        load(root)
    assert "different sizes: 8x8 (8), 10x6 (1)" in str(caught.value)
    assert "--set data.size=64 --set data.resize=pad" in caught.value.fix
    with pytest.raises(ShapeError, match="different sizes"):
        load(root, DataSettings(size=8))
    assert load(root, DataSettings(size=8, resize="pad")).shape == (1, 8, 8)


def test_equal_sizes_need_no_policy(pictures):
    assert load(pictures("a", "b", size=(6, 10))).shape == (1, 6, 10)


def test_facts_say_what_a_crop_would_cut(pictures):
    root = pictures("a", "b", size=(6, 12))
    said = facts(load(root))["pictures"]
    assert said["crop_loses_mean"] == said["crop_loses_most"] == 0.5
    assert said["median"] == [12.0, 6.0]


def test_one_colour_picture_makes_all_of_them_colour(pictures):
    root = pictures("a", "b")
    before = load(root)
    Image.new("RGB", (8, 8), "red").save(root / "a" / "red.png")
    after = load(root)
    assert (before.shape, after.shape) == ((1, 8, 8), (3, 8, 8))
    where = after.train.names.index("b/1.png") if "b/1.png" in after.train.names else None
    part = after.train if where is not None else after.test
    image = part.images[part.names.index("b/1.png")]
    assert np.array_equal(image[0], image[1])


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(DataNotFoundError, match="there is nothing at"):
        load(tmp_path / "missing")


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(DataNotFoundError, match="there are no pictures in"):
        load(tmp_path)


def test_pictures_without_class_folders_are_said(pictures):
    with pytest.raises(LabelError, match="has 4 pictures but no class folders"):
        load(pictures("a") / "a")


def test_one_class_only_is_said(pictures):
    with pytest.raises(LabelError, match=r"one class only \(a\)"):
        load(pictures("a"))


def test_a_class_with_one_picture_is_said(pictures):
    root = pictures("a", "b")
    for number in (1, 2, 3):
        (root / "b" / f"{number}.png").unlink()
    with pytest.raises(LabelError, match="the class 'b' of pictures has one training image only"):
        load(root)


def test_a_class_without_pictures_is_said(pictures):
    root = pictures("a", "b")
    (root / "c").mkdir()
    with pytest.raises(LabelError, match="the class 'c' has no pictures"):
        load(root)


def test_a_class_with_nothing_readable_is_said(pictures):
    root = pictures("a", "b")
    (root / "c").mkdir()
    (root / "c" / "1.png").write_text("x")
    with pytest.raises(LabelError, match="none of the pictures of the class 'c' can be read"):
        load(root)


def test_a_folder_with_nothing_readable_is_said(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_text("x")
    with pytest.raises(DataNotFoundError, match="none of the training pictures"):
        load(tmp_path)


def test_a_class_that_only_the_test_part_has_is_said(pictures):
    root = pictures("a", "b", under="train")
    pictures("a", "c", under="test")
    with pytest.raises(LabelError, match="the test part has a class 'c'"):
        load(root)


def test_two_folders_for_one_part_are_said(pictures):
    root = pictures("a", "b", under="train")
    pictures("a", "b", under="val")
    pictures("a", "b", under="validation")
    with pytest.raises(DataError, match="two folders are the validation part: val and validation"):
        load(root)


def test_a_disk_is_not_taken_for_a_data_set(pictures, monkeypatch):
    monkeypatch.setattr("goingdeep.data.sources.scan.MOST_ENTRIES", 5)
    with pytest.raises(DataError, match="holds more than 5 files"):
        load(pictures("a", "b"))


def test_class_names_may_hold_any_letters(pictures):
    names = ("猫 \N{CAT FACE}", "été", "a\x1b[31mb", "-rf", "..x" if os.name == "nt" else "x'; --")
    data = load(pictures(*names))
    assert set(data.class_names) == set(names)
    assert load(str(data.source)).class_names == data.class_names


def test_a_name_that_is_not_unicode_survives_the_cache(pictures):
    root = pictures("a", "b")
    os.rename(root / "b", os.fsencode(root) + b"/b\xff")  # noqa: PTH104 - bytes
    first, second = load(root), load(root)
    assert first.class_names == second.class_names == ("a", "b\udcff")


def test_progress_is_told_to_the_end(pictures):
    told = []
    load(pictures("a", "b"), progress=lambda *said: told.append(said))
    assert ("looking at pictures", 8, 8) in told
    assert ("decoding train pictures", 8, 8) in told


def test_the_second_load_decodes_nothing(pictures, monkeypatch):
    root = pictures("a", "b")
    first = load(root)
    monkeypatch.setattr(folder_source, "decode_picture", None)
    monkeypatch.setattr(folder_source, "read_header", None)
    second = load(root)
    assert second.fingerprint() == first.fingerprint()
    assert second.train.names == first.train.names
    assert second.notes == first.notes
    assert isinstance(second.train.images, np.memmap)


def test_a_changed_picture_is_decoded_again(pictures):
    root = pictures("a", "b")
    before = load(root).fingerprint()
    Image.new("L", (8, 8), 77).save(root / "a" / "0.png")
    assert load(root).fingerprint() != before
