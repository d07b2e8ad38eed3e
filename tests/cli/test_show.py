"""`gd show`, and what the other commands make of a loop that was only watched."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.cli.conftest import edit


def test_the_loop_is_shown(gd, watched):
    outcome = gd("show", "loop")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("loop: gd run train.py\n4,690 steps, finished after 41.2 s\n")
    assert "each step\n  batch " in outcome.out
    assert gd("show").out == outcome.out  # the newest run needs no name


def test_a_step_is_shown(gd, watched):
    outcome = gd("show", "loop", "--step", "938")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("step 938 of 4,690 in loop: SGD\n")
    assert gd("show", "loop", "--step", "last").out.startswith("step 4,690 of 4,690")
    assert gd("show", "--step", "4,690").out.startswith("step 4,690 of 4,690")


def test_both_are_shown_as_json(gd, watched):
    assert json.loads(gd("show", "--json").out)["steps"] == 4690
    assert (
        json.loads(gd("show", "--json", "--step", "938").out)["close_look"][0]["kind"]
        == "look-batch"
    )


@pytest.mark.parametrize("step", ["0", "-3", "1.5", "", "x", "9" * 30, "٣", "0x1", "\x1b[31m"])
def test_a_step_that_cannot_be(gd, watched, step):
    outcome = gd("show", "loop", f"--step={step}")
    assert outcome.is_error(
        "SettingsError: --step expects a whole number from 1", fix="gd show loop --step 1"
    )
    assert "\x1b" not in outcome.err


def test_a_step_that_is_not_there(gd, watched):
    outcome = gd("show", "loop", "--step", "5000")
    assert outcome.is_error("SettingsError: there is no step 5,000", fix="gd show loop --step 938")


@pytest.mark.parametrize("words", [(), ("--step", "1"), ("--json",)])
def test_runs_that_cannot_be_shown(gd, home, words):
    assert gd("show", *words).is_error("there is no run yet", fix="gd train")
    assert gd("show", "nowhere", *words).is_error("there is no run 'nowhere'")
    (home / "mine").mkdir()
    assert gd("show", "mine", *words).is_error("mine is not a run")


@pytest.mark.parametrize("words", [(), ("--step", "1"), ("--json",)])
def test_a_run_of_a_newer_format_or_damaged(gd, watched, words):
    edit(watched / "run.json", format=99)
    assert gd("show", "loop", *words).is_error("has format 99", fix="pip install --upgrade")
    (watched / "run.json").write_bytes(b"{")
    assert gd("show", "loop", *words).is_error("is damaged: run.json")


@pytest.mark.parametrize("words", [(), ("--step", "1"), ("--json",)])
def test_a_training_that_was_not_watched(gd, done, words):
    lines = [line for line in (done / "events.jsonl").read_text().splitlines() if '"epoch"' in line]
    (done / "events.jsonl").write_text("\n".join(lines) + "\n")
    assert gd("show", "done", *words).is_error(
        "runs/done holds no record of what its loop did", fix="gd run SCRIPT.py"
    )
    (done / "events.jsonl").unlink()
    assert gd("show", "done", *words).is_error("runs/done holds no record of what its loop did")


@pytest.mark.parametrize(
    "content",
    [b"\n\n", b"{", b"\xff" * 5000 + b"\n", b"[" * 100_000 + b"\n", b'{"kind":"steps"}\n'],
)
def test_a_record_with_damaged_lines_is_shown(gd, watched, content):
    with (watched / "events.jsonl").open("ab") as file:
        file.write(content)
    assert gd("show", "loop").out.startswith("loop: gd run train.py\n4,690 steps")
    assert "loop" in gd("runs").out


def test_a_training_of_ours_is_shown(gd, done):
    outcome = gd("show", "done")
    assert (outcome.code, outcome.err) == (0, "")
    assert " loop.py:" in outcome.out
    step = gd("show", "done", "--step", "1")
    assert step.out.startswith("step 1 of 16 in done")
    assert "goingdeep/train/loop.py:62  logits = model(images)" in step.out


@pytest.mark.parametrize(
    "words", [["resume"], ["test"], ["eject"], ["predict", "tiny.png"]], ids=lambda words: words[0]
)
def test_what_needs_a_model_refuses_a_watched_loop(gd, watched, picture, words):
    outcome = gd(words[0], "loop", *words[1:])
    assert outcome.is_error(
        "RunFormatError: runs/loop was recorded from a loop of your own, not trained by gd train",
        fix="gd show loop (what its loop did)",
    )


def test_watched_loops_are_listed_with_their_steps(gd, watched, done):
    lines = gd("runs").out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["done", "finished", lines[0].split()[2], "%"],
        ["loop", "finished", "4,690", "steps"],
    ]
    assert len({line.rindex("202") for line in lines}) == 1  # the times stand below each other
    found = {run["run"]: run for run in json.loads(gd("runs", "--json").out)}
    assert found["runs/loop"]["kind"] == "watch"
    assert found["runs/loop"]["steps"] == 4690
    assert found["runs/loop"]["accuracy"] is None
    assert found["runs/done"]["kind"] == "train"
    assert found["runs/done"]["steps"] == 16


def test_a_watched_loop_without_events_is_listed(gd, watched):
    (watched / "events.jsonl").unlink()
    assert gd("runs").out.split()[:4] == ["loop", "finished", "0", "steps"]
    shutil.rmtree(watched)
