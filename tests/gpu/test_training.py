"""`gd train` on the GPU: same seed, same weights; watched, resumed and replayed to the same bits."""

from __future__ import annotations

import json
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import goingdeep as gd
from goingdeep import session
from goingdeep.check import check_run
from goingdeep.record import read_events
from goingdeep.record.events import Losses
from goingdeep.train.stop import StopRequest
from goingdeep.watch.moments.replay import replay
from goingdeep.why.catalogue import catalogue
from goingdeep.why.experiment import Bound
from goingdeep.why.rebuilt import of_run
from tests.same import small

SETTINGS = {"epochs": 2, "batch_size": 16, "checkpoint_seconds": 1e6}
RUNS = {
    "quickstart": {"recipe": "quickstart"},
    "fast": {"recipe": "fast"},
    "fast mlp": {"recipe": "fast", "model": "mlp"},
    "best": {"recipe": "best"},
    "everything": {**small.SETTINGS, **SETTINGS, "model": "net.py:net"},
    "adamw": {"recipe": "quickstart", "optimizer.name": "adamw", "optimizer.lr": 0.002},
    "float32 cnn": {"recipe": "fast", "precision": "float32"},
    "resnet": {"recipe": "fast", "model": "resnet"},
    "workers": {"recipe": "fast", "data.workers": 2},
}
every_run = pytest.mark.parametrize("name", RUNS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("gpu")
    small.write(place)
    np.savez(place / "data.npz", **small.arrays(240, side=24))
    return place


def train(folder: Path, name: str, out: str = "", **how) -> Path:
    run = folder / (out or name.replace(" ", "-"))
    if not run.exists():
        settings = {**SETTINGS, **RUNS[name]}
        if settings.get("model") == "net.py:net":
            settings["model"] = f"{folder / 'net.py'}:net"
        gd.train(
            folder / "data.npz", out=run, settings=settings, device="cuda", report=False, **how
        )
    return run


def weights(run: Path) -> bytes:
    return (run / "model" / "model.safetensors").read_bytes()


def test_the_gpu_is_taken_where_nothing_is_said(folder):
    run = gd.train(folder / "data.npz", out=folder / "auto", settings=SETTINGS, report=False)
    assert json.loads((run.path / "run.json").read_text())["settings"]["device"]["value"] == "cuda"


@every_run
def test_unwatched_and_again_it_has_the_same_weights(folder, name):
    run = train(folder, name)
    assert weights(train(folder, name, f"unwatched-{name}", watch=False)) == weights(run)
    assert weights(train(folder, name, f"again-{name}")) == weights(run)


@every_run
def test_nothing_in_it_depends_on_the_order_of_threads(folder, name):
    """PyTorch names each operation that is not deterministic."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            train(folder, name, f"deterministic-{name}")
    finally:
        torch.use_deterministic_algorithms(False)
    said = {str(w.message).partition(".")[0] for w in caught if "deterministic" in str(w.message)}
    # cuBLAS is: it is only asked to promise it for several streams at once. And sums of overlapping
    # windows are not: with an output of 1x1, as in `resnet`, no two of them overlap.
    meant = ("CuBLAS", "adaptive_max_pool2d_backward_cuda")
    assert {text for text in said if not text.startswith(meant)} == set()


@every_run
def test_stopped_inside_an_epoch_and_resumed(folder, name, monkeypatch):
    whole, steps, check = train(folder, name), 0, StopRequest.check

    def stop_at_9(self):
        nonlocal steps
        steps += 1
        if steps == 9:
            signal.raise_signal(signal.SIGTERM)
        check(self)

    with monkeypatch.context() as patch:
        patch.setattr(StopRequest, "check", stop_at_9)
        with pytest.raises(SystemExit):
            train(folder, name, f"stopped-{name}")
    resumed = session.resume(folder / f"stopped-{name}", report=False)
    assert weights(resumed.path) == weights(whole)


@every_run
def test_the_unchanged_replay_gives_the_losses_that_the_run_recorded(folder, name):
    run = train(folder, name)
    before = torch.cuda.get_rng_state()
    experiment = of_run(run, Bound(steps=9, seconds=60))
    assert torch.equal(torch.cuda.get_rng_state(), before)
    assert experiment.reason == ""
    moment = experiment.moment
    assert moment is not None
    assert next(moment.modules[0].parameters()).is_cuda
    losses = {}
    for event in read_events(run):
        if isinstance(event, Losses):
            losses |= dict(enumerate(event.values, event.first))
    assert replay(moment).losses == [losses[moment.step + i] for i in range(len(moment.steps))]
    assert experiment.agrees.endswith("bit for bit.")


@pytest.mark.parametrize("name", [name for name in RUNS if name != "everything"])
def test_its_own_checks_find_nothing(folder, name):
    """`everything` has a rate at which its small network learns nothing, and is told so."""
    report = check_run(train(folder, name))
    assert [(f.rule, f.message) for f in report.findings if f.severity != "hint"] == []


def test_it_is_exported_read_and_used(folder):
    run = train(folder, "fast")
    images = np.load(folder / "data.npz")["x_test"]
    loaded = gd.load(run).predict(images)
    assert len(loaded.names) == len(images)


@pytest.mark.parametrize("topic", [name for name in catalogue() if name != "underneath"])
def test_a_question_is_answered_on_it(folder, topic):
    """`underneath` compares frameworks in processes of its own, on the CPU."""
    found = gd.why(topic, train(folder, "quickstart"), bound=Bound(steps=20, seconds=20))
    assert found.answer.claims
    assert "Traceback" not in found.text(100)
    assert "device" not in " ".join(
        error for error in found.text(100).splitlines() if "Error:" in error
    )


def test_a_watched_program_is_replayed(tmp_path):
    with gd.watch(tmp_path / "run", moments=True, quiet=True) as run:
        torch.manual_seed(0)
        x, y = torch.randn(640, 20), torch.randint(0, 4, (640,))
        loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(x, y), batch_size=16, shuffle=True
        )
        model = torch.nn.Sequential(
            torch.nn.Linear(20, 32), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(32, 4)
        ).cuda()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        for _ in range(2):
            for images, labels in loader:
                with torch.autocast("cuda", dtype=torch.bfloat16):
                    loss = torch.nn.functional.cross_entropy(model(images.cuda()), labels.cuda())
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
    before = [p.clone() for p in model.parameters()]
    found = gd.why("zero-grad", run)
    assert "bit for bit" in found.text(100)
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))
