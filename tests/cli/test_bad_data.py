"""Images that cannot be used: five lines that say so, no traceback, and nothing left behind."""

from __future__ import annotations

import json
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from goingdeep.data import download
from tests.cli.conftest import PLAIN, tree, write_pictures, write_tiny


def bomb(path):
    """A PNG of a few bytes that says it has 60,000 x 60,000 pixels."""

    def chunk(kind, content):
        packed = kind + content
        return struct.pack(">I", len(content)) + packed + struct.pack(">I", zlib.crc32(packed))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 999))
        + chunk(b"IEND", b"")
    )  # fmt: skip


def missing(home):
    return "nothing/here", "there is nothing at nothing/here", "fashion-mnist-sample"


def empty(home):
    (home / "data").mkdir()
    return "data", "there are no pictures in", "one folder for each class"


def empty_classes(home):
    for name in ("cat", "dog"):
        (home / "data" / name).mkdir(parents=True)
    return "data", "there are no pictures in", "one folder for each class"


def one_class(home):
    write_pictures(home / "data", "cat")
    return "data", "data has one class only (cat)", "add images of another class"


def one_image_in_a_class(home):
    write_pictures(home / "data", "cat", "dog")
    write_pictures(home / "data", "emu", count=1)
    return "data", "the class 'emu' of data has one training image only", "add images"


def sizes(home):
    write_pictures(home / "data", "cat")
    write_pictures(home / "data", "dog", size=(9, 8))
    return "data", "have different sizes", "--set data.size=64 --set data.resize=pad"


def nan_label(home):
    write_tiny(home / "data.npz", y_train=np.where(np.arange(64) == 3, np.nan, 1.0))
    return "data.npz", "the train labels hold NaN", "drop samples without a label"


def negative_label(home):
    write_tiny(home / "data.npz", y_test=np.arange(32) - 5)
    return "data.npz", "the test labels hold a negative number: -5", "number the classes"


def label_out_of_range(home):
    write_tiny(home / "data.npz", y_test=np.full(32, 7))
    return "data.npz", "the test labels must be 0 to 2, got 7", "labels and class names"


class Evil:
    def __reduce__(self):
        return (exec, ("open('pickle-was-run', 'w').close()",))


def pickled(home):
    write_tiny(home / "data.npz", x_train=np.array([Evil()] * 64, dtype=object))
    return "data.npz", "data.npz holds pickled Python objects", "np.stack(images)"


def bare_pickle(home):
    (home / "data.npz").write_bytes(pickle.dumps(Evil()))
    return "data.npz", "data.npz is not an .npz file that can be read", "np.savez"


def cut_archive(home):
    whole = write_tiny(home / "data.npz").read_bytes()
    (home / "data.npz").write_bytes(whole[:2000])
    return "data.npz", "data.npz is not an .npz file that can be read", "np.savez"


def zero_bytes(home):
    (home / "data.npz").touch()
    return "data.npz", "data.npz is not an .npz file that can be read", "np.savez"


def unknown_kind(home):
    (home / "data.csv").write_text("1,2,3")
    return "data.csv", "data.csv is neither a folder nor an .npz file", ""


def unknown_name(home):
    return "fashion-mnits", "there is no data set called 'fashion-mnits'", "fashion-mnist?"


BAD = [missing, empty, empty_classes, one_class, one_image_in_a_class, sizes, nan_label,
       negative_label, label_out_of_range, pickled, bare_pickle, cut_archive, zero_bytes,
       unknown_kind, unknown_name]  # fmt: skip


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_bad_data_is_explained_and_nothing_is_left_behind(gd, home, make):
    source, first, fix = make(home)
    before = tree(home)
    assert gd("train", source, *PLAIN).is_error(first, fix=fix)
    # What is a setting of `gd train` is an option of `gd data show`.
    shown = fix.replace("--set data.size=", "--size ").replace("--set data.resize=", "--resize ")
    assert gd("data", "show", source).is_error(first, fix=shown)
    assert tree(home) == before
    assert not (home / "runs").exists()


def test_pictures_that_cannot_be_read_are_left_out_and_said(gd, home):
    folder = write_pictures(home / "data", "cat", "dog", count=8) / "cat"
    (folder / "0.png").write_bytes(b"")
    (folder / "1.png").write_text("I am a text")
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    bomb(folder / "3.png")
    before = tree(home)
    outcome = gd("train", "data", *PLAIN[:-1], "batch_size=4", "--epochs", "1")
    assert outcome.code == 0
    assert outcome.err == ""
    assert "4 unreadable pictures left out, such as cat/0.png: the file is empty" in outcome.out
    assert {k: v for k, v in tree(home).items() if not k.startswith("runs")} == before
    shown = gd("data", "show", "data").out
    assert "left out  cat/1.png: it is not a picture of a known kind" in shown
    assert "left out  cat/3.png: " in shown


@pytest.mark.parametrize("spoil", ["nothing", "text", "cut", "bomb"])
def test_strict_refuses_a_picture_that_cannot_be_read(gd, home, spoil):
    path = write_pictures(home / "data", "cat", "dog") / "cat" / "0.png"
    if spoil == "bomb":
        bomb(path)
    else:
        content = {"nothing": b"", "text": b"I am a text", "cut": path.read_bytes()[:60]}
        path.write_bytes(content[spoil])
    outcome = gd("train", "data", *PLAIN, "--set", "data.strict=true")
    assert outcome.is_error("0.png")
    assert not (home / "runs").exists()


def test_no_network_and_nothing_local(gd, home, monkeypatch):
    """It names what does work without a network."""
    asked = []

    def refused(request, timeout):
        asked.append(request.full_url)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(download.urllib.request, "urlopen", refused)
    for words in (["train", "mnist"], ["data", "get", "cifar10"]):
        outcome = gd(*words)
        assert outcome.is_error("could not be downloaded", fix="fashion-mnist-sample")
        assert outcome.first.startswith("DownloadError: ")
    assert len(asked) >= 2
    assert not (home / "runs").exists()


def test_a_batch_larger_than_the_data(gd, home, tiny):
    outcome = gd("train", "tiny.npz", "--set", "batch_size=65")
    assert outcome.is_error("batch_size expects at most 64", fix="--set batch_size=16")
    assert not (home / "runs").exists()


def test_class_names_of_any_kind(gd, home):
    """Nothing is taken for markup, nothing reaches the terminal, nothing breaks a table."""
    names = ["[red]no", "شخص\u202e", "👟", "a\x1b[31mb", "new\nline", "é" * 80, "  "]
    write_pictures(home / "data", *names, count=4)
    outcome = gd("train", "data", *PLAIN, "--epochs", "1")
    assert outcome.code == 0, outcome.err
    assert "\x1b" not in outcome.out
    assert "\u202e" not in outcome.out
    assert "[red]no" in outcome.out
    assert r"a\x1b[31mb" in outcome.out
    predicted = gd("predict", "data")
    assert predicted.code == 0
    assert len(predicted.out.splitlines()) == 28
    assert "\x1b" not in predicted.out
    assert "👟" in gd("data", "show", "data").out


def test_names_that_are_not_utf8(gd, home):
    """On Linux a file name is any bytes."""
    write_pictures(home / "data", "caf\udce9", "dog")
    outcome = gd("train", "data", *PLAIN, "--epochs", "1", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["test"]["per_class"][0]["name"] == r"caf\udce9"
    assert gd("resume").code == 0
    assert gd("predict", "data").code == 0


def test_greyscale_model_and_colour_picture(gd, done, home):
    Image.new("RGB", (8, 8), "red").save(home / "red.png")
    outcome = gd("predict", "red.png")
    assert outcome.is_error("red.png", fix="grey")
    assert gd("predict", "red.png", "--grey").code == 0


def test_the_home_of_somebody_that_is_not_here(gd, home):
    assert gd("train", "~nobody9/x").is_error("there is nothing at ~nobody9/x")
