"""With no run at all: a short training is made, and it is like any other run."""

from __future__ import annotations

import pytest
import torch

from goingdeep.record.runs import LATEST
from goingdeep.watch.moments.replay import replay
from goingdeep.why import built_in
from goingdeep.why.experiment import Bound


@pytest.mark.usefixtures("one_thread")
def test_a_short_training_is_made_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(2)
    state = torch.get_rng_state()
    experiment = built_in.of_nothing(Bound(seconds=60))
    assert torch.equal(torch.get_rng_state(), state)
    assert list(tmp_path.iterdir()) == []
    assert experiment.reason == ""
    assert experiment.moment is not None
    assert (experiment.moment.step, len(experiment.moment.steps)) == (32, 60)
    assert experiment.agrees.startswith("Replay equals the run")
    losses = replay(experiment.moment).losses
    assert 1 < losses[0] < 2.4
    assert losses[-1] < losses[0]
    assert experiment.seen.steps == 314
    assert sum(len(labels) for _, labels in experiment.tests) == 2000
    assert LATEST not in experiment.name
    (folder,) = built_in._folders
    folder.cleanup()
    built_in._folders.clear()
