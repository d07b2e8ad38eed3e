"""Probing changes nothing either: the same bits, on every loop, with copies of its models asked."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from goingdeep.record.seen import Probed
from tests.foreign.harness import LOOPS, PLAIN, unwatched, watch

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]
answers: Counter[bool] = Counter()


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "spawned"])
def test_a_probed_run_gives_the_same_bits(name):
    with tempfile.TemporaryDirectory() as folder:
        one, other = watch(LOOPS / f"{name}.py", Path(folder), probes=True), unwatched(name)
    assert one.before == other.before
    assert set(one.result) == set(other.result)
    assert {key for key, value in one.result.items() if other.result[key] != value} == set()
    assert one.streams == other.streams
    assert one.output == other.output
    assert (type(one.error), str(one.error)) == (type(other.error), str(other.error))
    assert not [gap for gap in one.seen.gaps if "probe" in gap.what]
    for probed in one.seen.of(Probed):
        answers[not probed.reason] += 1
        # Nobody's mistake: none of these loops mixes its samples.
        assert probed.reason or not probed.spread


@pytest.mark.parametrize("name", ["plain", "dropout"])
def test_an_ordinary_model_has_an_answer(name, tmp_path):
    run = watch(LOOPS / f"{name}.py", tmp_path, probes=True)
    assert [probed.reason for probed in run.seen.of(Probed)] == [""]
