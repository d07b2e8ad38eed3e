"""Run folders that are not runs, are damaged, were made to do harm, or have changed."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from goingdeep.record import EventLog
from tests.cli.conftest import tree, weights, write_tiny

ON_A_RUN = (["resume"], ["test"], ["eject"], ["predict", "tiny.png"])


@pytest.fixture
def picture(home):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(home / "tiny.png")


def edit(path, **changed):
    """Change some fields of a JSON file; "data.source" goes into the object in it."""
    content = json.loads(path.read_text())
    for key, value in changed.items():
        place, *rest = key.split("__")
        if rest:
            content[place][".".join(rest)] = value
        else:
            content[place] = value
    path.write_text(json.dumps(content))


def unfinished(run):
    """Take away what the end of a run wrote, as if it had been killed just before."""
    edit(run / "run.json", status="running")
    (run / "result.json").unlink()
    shutil.rmtree(run / "model")
    return run


@pytest.mark.parametrize("words", ON_A_RUN, ids=lambda words: words[0])
@pytest.mark.parametrize("run", ["dnoe", "mine", "tiny.npz", "x" * 5000, "a\x1b[31m", "caf\udce9"])
def test_a_run_that_is_not_a_run(gd, done, home, picture, words, run):
    (home / "mine").mkdir()
    before = tree(home)
    command, *rest = words
    outcome = gd(command, run, *rest)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert "\x1b" not in outcome.err
    if command != "predict" or run == "dnoe":  # what is there is taken for pictures
        assert outcome.is_error("is no" if run in {"mine", "tiny.npz"} else "there is no run")
        assert ("did you mean done?" in outcome.err) == (run == "dnoe")
    assert tree(home) == before


@pytest.mark.parametrize("words", ON_A_RUN, ids=lambda words: words[0])
def test_no_run_yet(gd, home, picture, words):
    assert gd(*words).is_error("there is no run yet", fix="gd train")
    assert gd("runs").out == "no runs yet; make one: gd train\n"
    assert json.loads(gd("runs", "--json").out) == []


@pytest.mark.parametrize("words", ON_A_RUN, ids=lambda words: words[0])
def test_a_run_of_a_newer_format(gd, done, home, picture, words):
    edit(done / "run.json", format=99)
    assert gd(words[0], "done", *words[1:]).is_error("has format 99", fix="pip install --upgrade")


NOT_JSON = [b"", b"{", b"\xff\xfe\x00", b"null", b"[]", b"[" * 100_000, b'{"a":' * 50_000, b"1e999"]


@pytest.mark.parametrize("content", NOT_JSON, ids=lambda content: str(content[:8]))
def test_a_damaged_run_json(gd, done, home, picture, content):
    (done / "run.json").write_bytes(content)
    for command, *rest in ON_A_RUN:
        assert gd(command, "done", *rest).is_error("runs/done is damaged: run.json", fix="gd runs")
    assert gd("runs").code == 0


HOSTILE = {
    "settings__epochs": {"value": "many", "origin": "flag"},
    "settings__batch_size": {"value": -1, "origin": "flag"},
    "settings__evil": {"value": 1, "origin": "flag"},
    "settings__optimizer__lr": {"value": "0.1; import os", "origin": "flag"},
    "settings__model": {"value": "mlp", "origin": "evil"},
    "settings": {"epochs": 3},
    "plan__steps": -5,
    "plan__epoch_steps": 10**9,
    "plan": {"steps": 3},
    "data__image": [1, -8, 8],
    "data": None,
    "kind": "watch",
    "created": 5,
    "name": None,
}


@pytest.mark.parametrize("key", HOSTILE)
def test_a_run_json_that_means_harm(gd, done, home, key):
    edit(unfinished(done) / "run.json", **{key: HOSTILE[key]})
    before = tree(home)
    outcome = gd("resume", "done")
    if key == "data__image":  # what is remembered of the images is compared by their hash only
        assert outcome.code == 0
        return
    assert outcome.code == 2, outcome.out
    assert "Traceback" not in outcome.err
    assert "RunFormatError: " in outcome.first or "RunChangedError: " in outcome.first
    assert tree(home) == before


@pytest.mark.parametrize("model", ["runs/done/evil.py:net", "runs/done/../done/evil.py:net"])
def test_code_that_came_with_a_run_is_never_run(gd, done, home, picture, model):
    (done / "evil.py").write_text("open('evil-was-run', 'w')\n")
    edit(done / "run.json", settings__model={"value": str(home / model), "origin": "flag"})
    edit(done / "model" / "model.json", architecture=str(home / model))
    for command, *rest in ON_A_RUN[1:]:
        outcome = gd(command, "done", *rest)
        assert outcome.is_error("the run's model is code inside the run folder")
    unfinished(done)
    assert gd("resume", "done").is_error("the run's model is code inside the run folder")
    assert not (home / "evil-was-run").exists()


CARDS = [
    {"image": [1, 8, 0]}, {"image": [1, 10**9, 8]}, {"image": [1, 9, 9]}, {"class_names": []},
    {"class_names": ["a"]}, {"architecture": "mpl"}, {"architecture": "nowhere.py:net"},
    {"architecture": "cnn"}, {"precision": "int1"}, {"layout": "odd"}, {"format": 9},
]  # fmt: skip


@pytest.mark.parametrize("changed", CARDS, ids=str)
def test_a_hostile_model_card(gd, done, picture, changed):
    edit(done / "model" / "model.json", **changed)
    outcome = gd("predict", "done", "tiny.png")
    assert outcome.code == 2, outcome.out
    assert "Traceback" not in outcome.err
    assert "  fix:   " in outcome.err


@pytest.mark.parametrize("content", [*NOT_JSON, b"{}"], ids=lambda content: str(content[:8]))
def test_a_damaged_model_card(gd, done, picture, content):
    (done / "model" / "model.json").write_bytes(content)
    outcome = gd("predict", "done", "tiny.png")
    assert outcome.is_error("the run's model is damaged", fix="gd resume done")


def spoil(path, how):
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "header":
        path.write_bytes(b"\xff" * 8 + content[8:])
    elif how == "other":
        path.write_bytes(safetensors.numpy.save({"x": np.zeros(3, np.float32)}))
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["cut", "empty", "header", "other", "gone"])
def test_damaged_weights_are_said_and_can_be_written_again(gd, done, home, picture, how):
    good = weights(done)
    spoil(done / "model" / "model.safetensors", how)
    outcome = gd("predict", "done", "tiny.png")
    assert outcome.is_error("the run's model is damaged", fix="then gd resume done")
    assert gd("test", "done").is_error("the run's model is damaged")
    shutil.rmtree(done / "model")
    assert gd("resume", "done").code == 0
    assert weights(done) == good
    assert gd("predict", "done", "tiny.png").code == 0


@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("how", ["cut", "empty", "header", "other", "gone"])
def test_a_damaged_checkpoint_is_said_and_the_one_before_is_good(gd, done, file, how):
    good = weights(done)
    unfinished(done)
    newest = sorted((done / "checkpoints").glob("step-*"))[-1]
    spoil(newest / file, how)
    outcome = gd("resume", "done")
    if how == "gone" and file == "state.json":  # not a whole checkpoint: the one before is taken
        assert outcome.code == 0
    else:
        assert outcome.code == 2, outcome.err
        assert f"checkpoint {newest.name} is damaged" in outcome.first
        assert "Traceback" not in outcome.err
        shutil.rmtree(newest)
        assert gd("resume", "done").code == 0
    assert weights(done) == good


STATES = [{"step": -1}, {"step": 10**15}, {"epoch": 5}, {"best_checkpoint": "../../../etc"},
          {"step_in_epoch": 10**6}]  # fmt: skip


@pytest.mark.parametrize("changed", STATES, ids=str)
def test_a_hostile_state(gd, done, changed):
    unfinished(done)
    edit(sorted((done / "checkpoints").glob("step-*"))[-1] / "state.json", **changed)
    outcome = gd("resume", "done")
    assert outcome.code == 2, outcome.out
    assert outcome.is_error("a checkpoint does not lie on the way of its plan")


EVENTS = [b"", b"\n\n\n", b"{", b"\xff" * 5000 + b"\n", b"[" * 100_000 + b"\n",
          b'{"kind":"epoch","time":"x"}\n', b'{"kind":"new","step":1e400}\n', b"null\n",
          b"x" * 200_000]  # fmt: skip


@pytest.mark.parametrize("content", EVENTS, ids=lambda content: str(content[:20]))
@pytest.mark.parametrize("how", ["instead", "after"])
def test_hostile_events(gd, done, content, how):
    good = weights(done)
    unfinished(done)
    path = done / "events.jsonl"
    before = path.read_bytes()
    path.write_bytes((before if how == "after" else b"") + content)
    assert gd("resume", "done").code == 0
    assert weights(done) == good
    if how == "after":
        assert path.read_bytes().startswith(before)


RESULTS = [*NOT_JSON, b"{}", b'{"test": {"accuracy": "high"}}', b'{"test": null, "seconds": 1}']


@pytest.mark.parametrize("content", RESULTS, ids=lambda content: str(content[:20]))
def test_a_damaged_result_is_written_again(gd, done, content):
    line = gd("resume", "done", "--quiet").out
    (done / "result.json").write_bytes(content)
    assert "done" in gd("runs").out
    assert json.loads(gd("runs", "--json").out)[0]["accuracy"] is None
    assert gd("resume", "done", "--quiet").out == line


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
