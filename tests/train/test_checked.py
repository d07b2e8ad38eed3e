"""Our own trainer passes its own checks, in every recipe."""

from __future__ import annotations

import numpy as np
import pytest
from tests.hints import check_hints

import goingdeep as gd
from goingdeep.checked import check_record
from goingdeep.record import read_events
from goingdeep.record.seen import Ended
from goingdeep.train.recipes import RECIPES
from goingdeep.train.settings import Settings
from goingdeep.train.start import load

IMAGES = {"quickstart": 2_000, "fast": 2_000, "best": 640}
"""As many as a test can wait for: resnet takes its time."""


@pytest.fixture(scope="module")
def arrays():
    images = load("fashion-mnist-sample", Settings(), None)
    return dict(images.parts())


def test_every_recipe_is_tried():
    assert set(IMAGES) == set(RECIPES)


@pytest.mark.parametrize("recipe", IMAGES)
def test_a_recipe_shows_no_mistake(tmp_path, arrays, recipe):
    count = IMAGES[recipe]
    train, test = arrays["train"], arrays["test"]
    data = {
        "x_train": np.asarray(train.images[:count]), "y_train": np.asarray(train.labels[:count]),
        "x_test": np.asarray(test.images[:200]), "y_test": np.asarray(test.labels[:200]),
    }  # fmt: skip
    run = gd.train(data, recipe=recipe, epochs=2, out=tmp_path / "run")
    report = check_record(run.path).report
    assert [(f.severity, f.rule, f.message) for f in report.findings if f.severity != "hint"] == []
    check_hints(f"gd train --recipe {recipe}", report)
    assert report.steps > 8
    assert len(report.clean) > 15, report.not_checked
    assert not [why for why in report.not_checked.values() if why.startswith("the rule failed")]
    assert any(isinstance(event, Ended) for event in read_events(run.path))
    loud = [line for line in _lines(run.path) if b'"severity":"hint"' not in line]
    assert loud == []


def _lines(folder) -> list[bytes]:
    path = folder / "findings.jsonl"
    return path.read_bytes().splitlines() if path.exists() else []
