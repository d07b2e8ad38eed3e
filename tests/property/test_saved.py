"""Checkpoints and models with damaged files: restored, or refused by our errors."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.conftest import json_values, spoiled, spoiled_json
from torch import nn

from goingdeep import models
from goingdeep.errors import GoingDeepError
from goingdeep.record import Curve
from goingdeep.train import checkpoint
from goingdeep.train.saved import Classifier, ModelCard, save_model
from goingdeep.train.settings import Settings

quick = settings(deadline=None, max_examples=40)

CARD = json.dumps(
    {
        "architecture": "mlp", "image": [1, 2, 2], "class_names": ["a", "b"], "size": 0,
        "resize": "", "precision": "float32", "layout": "contiguous", "format": 1,
    }
).encode()  # fmt: skip
STATE = json.dumps(
    {
        "step": 3, "epoch": 1, "step_in_epoch": 1, "loss_sum": 1.5, "best_score": 0.5,
        "epochs": [{"kind": "epoch", "time": 1.0, "epoch": 1, "loss": 2.0, "rate": 0.1}],
        "best_checkpoint": "step-00000001", "settings": {"epochs": 3},
    }
).encode()  # fmt: skip
CURVE = Curve()
CURVE.extend(1, np.arange(3.0))


def parts() -> checkpoint.Parts:
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return checkpoint.Parts(model, optimizer, None, checkpoint.State(step=3), CURVE)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    with torch.random.fork_rng():
        data = SimpleNamespace(shape=(1, 2, 2), class_names=("a", "b"))
        save_model(folder, models.build("mlp", 1, 2, 2, 2), data, Settings(model="mlp"))
        checkpoint.save(folder, parts())
    return folder


def restored(run: Path, file: str, content: bytes) -> checkpoint.Parts | None:
    """The parts, or None where they were refused."""
    path = run / "checkpoints" / "step-00000003" / file
    good = path.read_bytes()
    path.write_bytes(content)
    try:
        found = parts()
        with torch.random.fork_rng():
            checkpoint.restore(run, "step-00000003", found)
    except GoingDeepError as error:
        assert str(error)  # noqa: PT017 - other errors are let through
        return None
    else:
        return found
    finally:
        path.write_bytes(good)


@quick
@given(spoiled_json(STATE))
def test_any_bytes_in_state_json_are_read_or_refused(run, content):
    found = restored(run, "state.json", content)
    assert found is None or isinstance(found.state.step, int)


@quick
@given(spoiled(CURVE.to_bytes()))
def test_any_bytes_in_loss_npy_are_read_or_refused(run, content):
    found = restored(run, "loss.npy", content)
    assert found is None or found.curve.table().shape[1] == 5


@quick
@given(st.data())
@pytest.mark.parametrize("file", ["model.safetensors", "optimizer.safetensors"])
def test_any_bytes_in_tensors_are_read_or_refused(run, file, data):
    good = (run / "checkpoints" / "step-00000003" / file).read_bytes()
    found = restored(run, file, data.draw(spoiled(good)))
    assert found is None or found.model.weight.shape == (2, 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("generator.cpu"),
        lambda t: t.update({"generator.cpu": torch.zeros(3, dtype=torch.uint8)}),
        lambda t: t.update({"generator.cpu": torch.zeros(3)}),
        lambda t: t.update({"optimizer.nothing.momentum_buffer": torch.zeros(3)}),
        lambda t: t.update({"optimizer.": torch.zeros(3)}),
    ],
    ids=["no generator", "short generator", "no bytes", "no such parameter", "no name"],
)
def test_tensors_that_do_not_fit_are_refused(run, change):
    good = (run / "checkpoints" / "step-00000003" / "optimizer.safetensors").read_bytes()
    tensors = safetensors.torch.load(good)
    change(tensors)
    assert restored(run, "optimizer.safetensors", safetensors.torch.save(tensors)) is None


def test_the_checkpoint_itself_is_good(run):
    path = run / "checkpoints" / "step-00000003" / "state.json"
    assert restored(run, "state.json", path.read_bytes()).state.step == 3
    assert restored(run, "state.json", STATE).state.best_score == 0.5


other_sizes = json_values.map(
    lambda side: json.dumps(json.loads(CARD) | {"image": [1, side, side]}).encode()
)


@quick
@given(spoiled_json(CARD) | other_sizes)
def test_any_bytes_in_model_json_are_read_or_refused(run, content):
    path = run / "model" / "model.json"
    path.write_bytes(content)
    try:
        with torch.random.fork_rng():
            found = Classifier(run)
    except GoingDeepError as error:
        assert str(error)  # noqa: PT017
    else:
        assert isinstance(found.card, ModelCard)
        image = np.zeros((1, *found.card.image), np.uint8)
        assert found.logits(image).shape == (1, len(found.class_names))
