"""A run that was killed and resumed has the same weights as one that was not, bit for bit."""

from __future__ import annotations

import ast
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from goingdeep import session
from goingdeep.record import Curve, read_events
from goingdeep.record.events import Checkpointed, Epoch, Resumed
from goingdeep.train.stop import StopRequest
from tests.same import small

KILLS = 22


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("same")
    small.write(place)
    return place


@pytest.fixture(scope="module")
def unbroken(folder):
    settings = dict(small.LONG, model=f"{folder / 'net.py'}:net", checkpoint_seconds=1e6)
    return session.train(folder / "small.npz", out=folder / "unbroken", settings=settings)


def weights(run: Path) -> bytes:
    return (run / "model" / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def killed(folder):
    """A run that was killed over and over, and how often where."""
    run = folder / "killed"
    done = subprocess.run(
        [sys.executable, "-m", "tests.same.killed", folder, run, str(KILLS), "7"],
        cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return run, ast.literal_eval(done.stdout)


def test_killed_at_random_moments_and_inside_writes(killed, unbroken):
    run, times = killed
    assert sum(times.values()) >= 20
    assert times["inside a write"] >= 3
    assert weights(run) == weights(unbroken.path)
    result = json.loads((run / "result.json").read_text())
    assert result["test"] == unbroken.result["test"]
    assert [e["loss"] for e in result["epochs"]] == pytest.approx(
        [e["loss"] for e in unbroken.result["epochs"]], rel=1e-12
    )


def test_what_a_resume_made_void_is_not_read(killed, unbroken):
    run, _ = killed
    steps = [e.step for e in read_events(run) if isinstance(e, Epoch)]
    assert steps == [e.step for e in read_events(unbroken.path) if isinstance(e, Epoch)]
    assert any(isinstance(e, Resumed) for e in read_events(run))
    curve, whole = (Curve.read(r / "scalars" / "loss.npy").table() for r in (run, unbroken.path))
    assert curve.tobytes() == whole.tobytes()


VARIANTS = {
    "sgd": {},
    "adamw": {"optimizer.name": "adamw", "optimizer.lr": 0.002, "optimizer.weight_decay": 0.01},
    "patience": {"select.patience": 1, "select.holdout": 0.2, "optimizer.lr": 0.5},
    "channels-last": {"model": "cnn", "layout": "channels_last"},
    "resnet": {"model": "resnet", "layout": "channels_last", "epochs": 2},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_stopped_inside_an_epoch_and_resumed(folder, variant, monkeypatch):
    """SIGTERM between two steps: a checkpoint of that very step, and the same weights in the end."""
    settings = dict(small.SETTINGS, model=f"{folder / 'net.py'}:net", checkpoint_seconds=1e6)
    data, settings = small.arrays(397, side=12), settings | VARIANTS[variant]
    if variant == "patience":
        settings["model"] = "mlp"
    whole = session.train(data, out=folder / f"whole-{variant}", settings=settings)
    run, steps, check = folder / f"stopped-{variant}", 0, StopRequest.check

    def stop_at_33(self):
        nonlocal steps
        steps += 1
        if steps == 33:
            signal.raise_signal(signal.SIGTERM)
        check(self)

    with monkeypatch.context() as patch:
        patch.setattr(StopRequest, "check", stop_at_33)
        with pytest.raises(SystemExit) as stopped:
            session.train(data, out=run, settings=settings)
    assert stopped.value.code == 143
    saved = [e for e in read_events(run) if isinstance(e, Checkpointed)]
    assert saved[-1].reason == "signal"
    resumed = session.resume(run, data=data)
    assert resumed.result["test"] == whole.result["test"]
    assert resumed.result["steps"] == whole.result["steps"]
    assert weights(run) == weights(whole.path)


def test_tied_weights_and_frozen_ones_resume(folder, tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\n\ndef net(c, h, w, k):\n"
        "    model = nn.Sequential(\n"
        "        nn.Flatten(), nn.Linear(c * h * w, 32), nn.ReLU(), nn.Linear(32, 32),\n"
        "        nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, k),\n    )\n"
        "    model[5].weight = model[3].weight\n"
        "    model[1].requires_grad_(False)\n    return model\n"
    )
    settings = dict(small.SETTINGS, model=f"{tmp_path / 'net.py'}:net", epochs=2)
    whole = session.train(small.arrays(), out=tmp_path / "whole", settings=settings)
    half = tmp_path / "half"
    shutil.copytree(whole.path, half)
    for late in [*(half / "checkpoints").glob("step-*")]:
        if late.name != whole_moment(whole.path):
            shutil.rmtree(late)
    shutil.rmtree(half / "model")
    (half / "result.json").unlink()
    content = json.loads((half / "run.json").read_text())
    (half / "run.json").write_text(json.dumps(content | {"status": "running"}))
    session.resume(half, data=small.arrays())
    assert weights(half) == weights(whole.path)


def whole_moment(run: Path) -> str:
    return next(
        e.name for e in read_events(run) if isinstance(e, Checkpointed) and e.reason == "moment"
    )


def test_resuming_a_finished_run_changes_nothing(unbroken):
    before = {p: p.stat().st_mtime_ns for p in unbroken.path.rglob("*")}
    again = session.resume(unbroken.path)
    assert again.result == unbroken.result
    assert {p: p.stat().st_mtime_ns for p in unbroken.path.rglob("*")} == before


def test_momentum_gets_the_layout_of_its_parameter(tmp_path):
    """safetensors keeps no strides; fused SGD on a CPU silently needs them to be the parameter's."""
    import torch
    from torch import nn

    from goingdeep.train import checkpoint
    from goingdeep.train.optimizer import make_optimizer
    from goingdeep.train.settings import OptimizerSettings

    def parts():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(3, 8, 3)).to(memory_format=torch.channels_last)
        optimizer = make_optimizer(model, OptimizerSettings(lr=0.1, momentum=0.9))
        return checkpoint.Parts(model, optimizer, None, checkpoint.State(), Curve())

    def step(p):
        p.model(torch.ones(2, 3, 5, 5)).square().sum().backward()
        p.optimizer.step()
        p.optimizer.zero_grad()

    first = parts()
    step(first)
    name = checkpoint.save(tmp_path, first)
    second = parts()
    checkpoint.restore(tmp_path, name, second)
    weight = second.model[0].weight
    assert second.optimizer.state[weight]["momentum_buffer"].stride() == weight.stride()
    assert not weight.is_contiguous()
    for _ in range(3):
        step(first)
        step(second)
    assert torch.equal(first.model[0].weight, second.model[0].weight)
