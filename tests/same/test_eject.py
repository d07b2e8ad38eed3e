"""The ejected script trains to the same weights, bit for bit, and is as short as promised."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from goingdeep import session
from goingdeep.errors import SettingsError
from goingdeep.train.settings import Settings
from goingdeep.train.start import load
from tests.same import small


def run_script(python, text, folder, *arguments):
    script = folder / "script.py"
    script.write_text(text)
    done = subprocess.run(
        [python, str(script), *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_same(python, run, folder, *arguments):
    text = session.eject(run.path)
    assert "goingdeep" not in re.sub(r'"[^"\n]*"', "", text)
    assert len(text.splitlines()) <= 120
    assert max(map(len, text.splitlines())) <= 120
    compile(text, "script.py", "exec")
    printed = run_script(python, text, folder, *arguments)
    ours = safetensors.torch.load_file(run.path / "model" / "model.safetensors")
    theirs = torch.load(folder / "model.pt", weights_only=True)
    assert list(theirs) == list(session.load(run.path).model.state_dict())
    for name, value in theirs.items():
        assert torch.equal(value, ours[name]), name
    assert f"Test accuracy {100 * run.accuracy:.2f} %" in printed


@pytest.fixture(scope="module")
def fifth(tmp_path_factory) -> Path:
    """A fifth of the embedded images, real ones, which make as many steps of a fifth of the size."""
    some = {}
    for name, part in load(session.DEFAULT_DATA, Settings(), None).parts():
        count = len(part.labels) // 5
        some[f"x_{name}"] = np.asarray(part.images[:count])
        some[f"y_{name}"] = np.asarray(part.labels[:count])
    path = tmp_path_factory.mktemp("real") / "fifth.npz"
    np.savez(path, **some)
    return path


@pytest.mark.parametrize(
    ("model", "recipe"),
    [
        ("mlp", "quickstart"),
        ("cnn", "fast"),
        pytest.param("mlp", "fast", marks=pytest.mark.slow),
        pytest.param("cnn", "quickstart", marks=pytest.mark.slow),
    ],
)
def test_same_weights_on_real_images(tmp_path, model, recipe, fifth, warm_python):
    whole = (model, recipe) == ("mlp", "quickstart")
    run = session.train(
        session.DEFAULT_DATA if whole else fifth, recipe=recipe, model=model, epochs=1,
        out=tmp_path / "run", settings={"batch_size": 250 if whole else 50},
    )  # fmt: skip
    check_same(warm_python, run, tmp_path)


def test_every_setting_that_a_script_can_show(tmp_path, warm_python):
    """Alternating flips, shifts, cutout, cosine, AdamW, a last batch of one, another DATA."""
    arrays = small.arrays(count=385, side=12)  # 24 batches of 16, and one sample
    np.savez(tmp_path / "a.npz", **arrays)
    settings = {
        "epochs": 3, "batch_size": 16, "augment.flip": "alternate", "augment.shift": 2,
        "augment.cutout": 4, "schedule.name": "cosine", "schedule.warmup": 0.2,
        "optimizer.name": "adamw", "optimizer.lr": 0.003, "optimizer.weight_decay": 0.01,
        "precision": "float32",
    }  # fmt: skip
    run = session.train(
        tmp_path / "a.npz", model="cnn", out=tmp_path / "run", seed=3, settings=settings
    )
    moved = tmp_path / "moved.npz"
    (tmp_path / "a.npz").rename(moved)
    moved_back = tmp_path / "a.npz"
    np.savez(moved_back, **arrays)
    text = session.eject(run.path)
    moved_back.unlink()
    printed = run_script(warm_python, text, tmp_path, str(moved))
    ours = safetensors.torch.load_file(run.path / "model" / "model.safetensors")
    theirs = torch.load(tmp_path / "model.pt", weights_only=True)
    assert all(torch.equal(value, ours[name]) for name, value in theirs.items())
    assert f"Test accuracy {100 * run.accuracy:.2f} %" in printed


def test_what_a_short_script_cannot_show_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", **small.arrays(count=64, side=8))
    run = session.train(
        tmp_path / "a.npz", model="mlp", recipe="quickstart", epochs=1, out=tmp_path / "run",
        settings={"ema.decay": 0.9},
    )  # fmt: skip
    with pytest.raises(SettingsError, match=r"averaged weights \(ema.decay\)"):
        session.eject(run.path)
