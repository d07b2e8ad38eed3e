"""Under each framework are the calls of the plain loop, and its weights."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import subprocess

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from goingdeep.why.lessons.underneath import measured
from goingdeep.why.lessons.underneath.lesson import CLOSE, distance, see
from goingdeep.why.lessons.underneath.measured import NEEDS, PLAIN, run_all

pytestmark = pytest.mark.slow  # every framework is imported


@pytest.fixture(scope="module")
def found():
    return run_all(100)


def test_the_plain_loop_ends_with_the_weights_of_that_loop(found):
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(48, 6, generator=draw)
    y = x[:, :3].argmax(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i in range(0, 48, 8):
        F.cross_entropy(model(x[i : i + 8]), y[i : i + 8]).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert found.plain.weights == [
        w for p in model.parameters() for w in p.detach().flatten().tolist()
    ]
    assert found.plain.order == ("forward", "loss", "backward", "step", "clear")
    assert found.plain.lines[2].source == "loss.backward()"


@pytest.mark.parametrize("key", NEEDS)
def test_each_framework_is_there_and_ends_with_the_same_weights(found, key):
    name, package = NEEDS[key]
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    (ran,) = [one for one in found.frameworks if one.name == name]
    assert ran.why == ""
    assert set(ran.order) == set(found.plain.order)
    assert distance(found.plain, ran) < CLOSE
    assert len({line.place for line in ran.lines}) > 1


def test_what_time_was_too_short_for_is_said(found, monkeypatch):
    """And nothing goes on running."""
    pytest.importorskip("ignite")
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *args, **kwargs: started.append(popen(*args, **kwargs)) or started[-1]
    )  # fmt: skip
    kept = [PLAIN, "forgetful_ignite.py", "with_ignite.py"]
    monkeypatch.setattr(measured, "_done", {name: measured._done[name] for name in kept})
    less = run_all(0)
    assert [ran.name for ran in less.frameworks] == ["Ignite"]
    assert less.left == [ran.name for ran in found.frameworks[1:]]
    (process,) = started
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert any(
        "Time was too short for Accelerate, " in b.text for b in see(less) if hasattr(b, "text")
    )


def test_ignite_makes_the_same_calls_at_lines_of_its_own(found):
    pytest.importorskip("ignite")
    (ignite, *_) = found.frameworks
    assert ignite.order == found.plain.order
    assert ignite.weights == found.plain.weights
    assert any(line.place.startswith("engine/__init__.py:") for line in ignite.lines)


def test_a_forgotten_clear_is_seen(found, verdicts):
    pytest.importorskip("ignite")
    assert "clear" not in found.forgetful.order
    assert distance(found.plain, found.forgetful) > 0.01
    assert verdicts("underneath", found) == ["false", "false"]


def test_another_fact_is_another_verdict(found, verdicts):
    pytest.importorskip("ignite")
    ignite = found.frameworks[0]
    other = dataclasses.replace(ignite, weights=[w + 1 for w in ignite.weights])
    strange = dataclasses.replace(other, order=("forward", "step"))

    def become(**changes):
        return verdicts("underneath", dataclasses.replace(found, **changes))

    assert become(frameworks=[ignite, other])[0] == "half true"
    assert become(frameworks=[strange])[0] == "true"
    assert become(frameworks=[])[0] == "not measured"
    assert become(forgetful=found.plain)[1] == "true"
    assert become(forgetful=None)[1] == "not measured"
