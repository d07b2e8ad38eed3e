"""What is done with a finished run: predict, test on other images, eject; and data show."""

from __future__ import annotations

import json
import shutil

import pytest
from PIL import Image

from tests.cli.conftest import tree, write_tiny


def test_other_images_to_test_on(gd, done, home):
    write_tiny(home / "other.npz", side=12)
    outcome = gd("test", "done", "other.npz")
    assert outcome.is_error("the model expects images and classes C,H,W,K = (1, 8, 8, 3)")
    assert gd("test", "done", "nope").is_error("there is no data set called 'nope'")


PREDICT = [
    ([], "gd predict expects pictures, got only the run done", "PICTURE.png"),
    (["nope.png"], "there is nothing at nope.png", "give a picture"),
    (["wide.png"], "wide.png has 9x8 pixels, expected 8x8", "resize"),
    (["red.png"], "red.png", "grey"),
    (["text.png"], "text.png cannot be read as a picture", "replace or delete"),
    (["empty"], "there are no pictures in empty", "give a picture"),
    (["wide.png", "--resize", "shrink"], "resize expects pad, crop or stretch", "--resize pad"),
]


@pytest.mark.parametrize(("words", "first", "fix"), PREDICT, ids=lambda x: str(x)[:30])
def test_pictures_that_do_not_fit(gd, done, home, words, first, fix):
    Image.new("L", (9, 8)).save(home / "wide.png")
    Image.new("RGB", (8, 8), "red").save(home / "red.png")
    (home / "text.png").write_text("text")
    (home / "empty").mkdir()
    assert gd("predict", "done", *words).is_error(first, fix=fix)
    if words and words[-1] == "shrink":
        assert gd("predict", "done", "wide.png", "--resize", "pad").code == 0


def test_predicting_without_naming_the_run(gd, done, home, picture):
    shutil.copy(home / "tiny.png", home / "other.png")
    named = gd("predict", "done", "tiny.png", "other.png")
    assert gd("predict", "tiny.png", "other.png").out == named.out
    assert len(named.out.splitlines()) == 2
    assert gd("predict", "nope.png").is_error("there is nothing at nope.png")
    lines = gd("predict", "tiny.png", "--json").out.splitlines()
    assert set(json.loads(lines[0])) == {"file", "class", "probabilities"}


@pytest.mark.parametrize("target", ["script.py", "folder", "no/script.py"])
def test_eject_never_overwrites(gd, done, home, target):
    (home / "script.py").write_text("mine")
    (home / "folder").mkdir()
    before = tree(home)
    outcome = gd("eject", "done", "--output", target)
    first = "cannot write script.py" if "/" in target else f"{target} is there already"
    assert outcome.is_error(first)
    assert tree(home) == before
    assert gd("eject", "done", "--output", "new.py").out == "written to new.py\n"
    assert (home / "new.py").read_text() == gd("eject", "done").out


def test_data_show_never_overwrites(gd, tiny, home):
    outcome = gd("data", "show", "tiny.npz", "--picture", "tiny.npz")
    assert outcome.is_error("tiny.npz is there already")
    assert gd("data", "show", "tiny.npz").code == 0
    assert gd("data", "show", "tiny.npz").code == 0  # its own picture it may replace
