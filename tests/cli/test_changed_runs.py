"""Runs that are not what they were: other images, other settings, another writer."""

from __future__ import annotations

import numpy as np
import pytest

from goingdeep.record import EventLog
from tests.cli.conftest import edit, tree, unfinished, weights, write_tiny


def test_changed_images(gd, done, home):
    """Which differ is said, as far as counts and names show it."""
    unfinished(done)
    words = ("resume", "done")
    before = tree(done)
    whole = dict(np.load(home / "tiny.npz"))
    whole["x_train"][0] ^= 1
    np.savez(home / "tiny.npz", **whole)
    first = "the images of tiny.npz are not those the run began with"
    assert gd(*words).is_error(first, fix="put the images back")
    assert "other pixels or labels" in gd(*words).err
    write_tiny(home / "tiny.npz", side=12)
    assert "image shape: 1, 8, 8 then, 1, 12, 12 now" in gd(*words).err
    write_tiny(home / "tiny.npz", x_train=np.zeros((63, 8, 8), np.uint8), y_train=np.arange(63) % 3)
    assert "samples: 64 train, 32 test then, 63 train, 32 test now" in gd(*words).err
    write_tiny(home / "tiny.npz", classes=4)
    assert "classes: 0, 1, 2 then, 0, 1, 2, 3 now" in gd(*words).err
    (home / "tiny.npz").unlink()
    assert gd(*words).is_error("the images of tiny.npz are not where they were")
    assert tree(done) == before


@pytest.mark.parametrize("file", ["run.json", "settings.toml"])
def test_changed_settings(gd, done, file):
    """The checkpoint knows what it was made with."""
    unfinished(done)
    path = done / file
    if file == "run.json":
        edit(path, settings__optimizer__lr={"value": 0.5, "origin": "flag"},
             settings__batch_size={"value": 4, "origin": "flag"})  # fmt: skip
    else:
        text = path.read_text().replace("lr = 0.001", "lr = 0.5").replace("size = 8", "size = 4")
        path.write_text(text)
    before = tree(done)
    outcome = gd("resume", "done")
    assert outcome.is_error("batch_size, optimizer.lr are not what the run began with",
                            fix="gd train --set batch_size=4")  # fmt: skip
    assert "batch_size: 8 then, 4 now; optimizer.lr: 0.001 then, 0.5 now" in outcome.err
    assert str(file) in outcome.err
    assert tree(done) == before


def test_settings_that_decide_no_weight_may_change(gd, done):
    good = weights(done)
    edit(
        unfinished(done) / "run.json",
        settings__checkpoint_seconds={"value": 5.0, "origin": "flag"},
        settings__test__mirror={"value": True, "origin": "flag"},
    )
    assert gd("resume", "done").code == 0
    assert weights(done) == good


def test_a_run_that_another_process_writes(gd, done):
    unfinished(done)
    before = tree(done)
    with EventLog(done):
        assert gd("resume", "done").is_error("runs/done is being written by another process")
        assert "running" in gd("runs").out
    assert tree(done) == before
    assert "killed" in gd("runs").out
    assert gd("resume", "done").code == 0


def test_a_run_without_a_model_yet(gd, done, picture):
    unfinished(done)
    for words in (["test", "done"], ["predict", "done", "tiny.png"]):
        assert gd(*words).is_error("runs/done has no model yet", fix="gd resume done")
