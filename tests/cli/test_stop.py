"""Ctrl-C, SIGTERM and NaN: the run ends cleanly, and goes on to the same bits."""

from __future__ import annotations

import json
import os
import signal
import threading

import pytest

from goingdeep.record import read_events, read_manifest
from goingdeep.record.events import Interrupted
from goingdeep.train import checkpoint
from tests.cli.conftest import PLAIN, weights

RUN = ("train", "tiny.npz", *PLAIN, "--epochs", "2", "--set", "threads=1")


@pytest.fixture
def unbroken(gd, home, tiny, slow_model) -> bytes:
    """The final weights of a run that nobody stopped."""
    assert gd(*RUN, "--model", slow_model, "--out", "unbroken").code == 0
    return weights("unbroken")


@pytest.mark.parametrize(
    ("number", "code", "name"), [(signal.SIGINT, 130, "SIGINT"), (signal.SIGTERM, 143, "SIGTERM")]
)
def test_a_stop_keeps_a_checkpoint_and_resume_completes(
    gd, home, unbroken, slow_model, number, code, name
):
    """In this process: the signal comes while the sixth batch is computed."""
    (home / "wait").write_text("0.5")

    def stop():
        from tests.cli.conftest import wait_for

        wait_for(home / "reached-0")
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=stop)
    thread.start()
    outcome = gd(*RUN, "--model", slow_model, "--out", "run")
    thread.join()
    assert outcome.code == code, outcome.err
    assert outcome.err == "stopped; go on with: gd resume run\n"
    assert "Test accuracy" not in outcome.out
    assert checkpoint.newest(home / "run") == "step-00000006"
    assert read_manifest(home / "run").status == "interrupted"
    assert [e.signal for e in read_events(home / "run") if isinstance(e, Interrupted)] == [name]
    (home / "wait").unlink()
    resumed = gd("resume", "run", "--quiet")
    assert resumed.code == 0
    assert weights("run") == unbroken


def test_ctrl_c_twice_ends_at_once(process, gd, home, unbroken, slow_model):
    """The second one does not wait for the step in hand; what is on the disk is whole."""
    (home / "wait").write_text("0.3")
    outcome = process.signalled(signal.SIGINT, *RUN, "--model", slow_model, "--out", "run", times=2)
    assert outcome.code == -signal.SIGINT
    assert "Traceback" not in outcome.err
    (home / "wait").unlink()
    assert read_manifest(home / "run").status == "running"
    resumed = gd("resume", "run", "--quiet")
    assert resumed.code == 0
    assert weights("run") == unbroken


def test_ctrl_c_before_anything_was_begun(gd, home, tiny, monkeypatch):
    """While images are read there is no run yet, and none is spoken of."""
    from goingdeep.data.sources import npz

    def interrupted(path, settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(npz, "load_npz", interrupted)
    outcome = gd("train", "tiny.npz")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "stopped\n")
    assert not (home / "runs").exists()


def error_line(outcome):
    return next(line for line in outcome.err.splitlines() if line.startswith("NonFiniteError: "))


def test_a_loss_that_is_not_a_number(gd, home, tiny):
    """Step, batch and layer are named; the checkpoint from before stays, and is good."""
    words = ("--set", "optimizer.lr=1000000", "--set", "checkpoint_seconds=0", "--out", "run")
    outcome = gd("train", "tiny.npz", *PLAIN, "--model", "mlp", *words)
    assert outcome.code == 2
    # The finding of the watcher stands before it.
    first = error_line(outcome)
    assert "at step " in first
    assert "(epoch 1, batch " in first
    assert "layer " in outcome.err
    assert "  fix:   --set optimizer.lr=0.1\n" in outcome.err
    assert "  more:  " in outcome.err
    name = checkpoint.newest(home / "run")
    kept = checkpoint.read_weights(home / "run", name, averaged=False)
    assert all(bool(value.isfinite().all()) for value in kept.values())
    assert name in outcome.err
    assert read_manifest(home / "run").error.startswith("NonFiniteError: ")
    status = json.loads(gd("runs", "--json").out or "[]")
    assert status == []  # it was not trained into runs/
    assert error_line(gd("resume", "run")) == first
