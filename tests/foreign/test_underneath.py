"""The programs of the lesson `underneath`: under each framework the weights of the plain loop."""

from __future__ import annotations

import json
import sys

import pytest

from goingdeep.why.lessons.underneath.lesson import CLOSE
from goingdeep.why.lessons.underneath.measured import CORE, NAMES, PROGRAMS, _from_forward, _lines
from tests.foreign.harness import watch

# Importing and using them warns; what they warn of is theirs, what we warn of would not be.
pytestmark = pytest.mark.filterwarnings("ignore", "error:::goingdeep")


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """ran(program): the calls of one step in their order, and the weights at the end."""
    monkeypatch.syspath_prepend(PROGRAMS)
    monkeypatch.chdir(tmp_path)

    def of(name: str) -> tuple[tuple[str, ...], list[float]]:
        monkeypatch.delitem(sys.modules, "training", raising=False)
        one = watch(PROGRAMS / f"{name}.py", tmp_path / name)
        assert one.error is None
        (said,) = [line for line in one.output.splitlines() if line.startswith("weights ")]
        calls = tuple(dict.fromkeys(line.call for line in _from_forward(_lines(one.seen))))
        return calls, json.loads(said.partition(" ")[2])

    yield of
    sys.modules.pop("training", None)


@pytest.mark.parametrize("framework", NAMES)
def test_a_framework_makes_the_calls_of_the_plain_loop_and_ends_with_its_weights(ran, framework):
    calls, weights = ran("plain")
    theirs, other = ran(f"with_{framework}")
    assert calls == CORE
    assert set(theirs) == set(CORE)
    largest = max(abs(weight) for weight in weights)
    assert other == pytest.approx(weights, rel=0, abs=CLOSE * largest)


@pytest.mark.parametrize("framework", ["ignite", "lightning"])
def test_a_forgotten_clear_is_no_error_and_gives_other_weights(ran, framework):
    _, weights = ran("plain")
    theirs, other = ran(f"forgetful_{framework}")
    assert "clear" not in theirs
    assert other != pytest.approx(weights, rel=0.01)
