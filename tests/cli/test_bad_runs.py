"""Run folders that are not runs, are damaged, or were made to do harm."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import safetensors.numpy

from tests.cli.conftest import edit, tree, unfinished, weights

ON_A_RUN = (["resume"], ["test"], ["eject"], ["predict", "tiny.png"])


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


def test_a_damaged_curve_of_a_checkpoint_is_said_as_well(gd, done):
    good = weights(done)
    unfinished(done)
    newest = sorted((done / "checkpoints").glob("step-*"))[-1]
    spoil(newest / "loss.npy", "cut")
    outcome = gd("resume", "done")
    assert outcome.code == 2
    assert f"checkpoint {newest.name} is damaged" in outcome.first
    assert f"  fix:   remove {newest.relative_to(done.parents[1])}" in outcome.err
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
