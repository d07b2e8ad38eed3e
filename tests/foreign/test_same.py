"""Watching changes nothing: weights, losses, random numbers and output, bit for bit."""

from __future__ import annotations

import pytest

from tests.foreign.harness import PLAIN, unwatched, watched

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]

# A spawned child imports torch anew, which takes seconds: its loop is compared with that of a
# forked child in test_what_is_seen.py.
LOOPS = [name for name in PLAIN if name != "spawned"]


@pytest.mark.parametrize("name", LOOPS)
def test_a_watched_run_gives_the_same_bits(name):
    one, other = watched(name), unwatched(name)
    assert one.before == other.before
    assert set(one.result) == set(other.result)
    assert {key for key, value in one.result.items() if other.result[key] != value} == set()
    assert one.streams == other.streams
    assert one.output == other.output
    assert type(one.error) is type(other.error)
    assert str(one.error) == str(other.error)


@pytest.mark.parametrize("name", ["plain", "gan", "dropout", "rnn", "tied", "scaler"])
def test_close_looks_were_part_of_it(name):
    run = watched(name)
    looked = {step for step, look in run.seen.looks.items() if look.training}
    assert {1, 2, 3, 4, 8} <= looked
    kinds = {type(part).__name__ for part in run.seen.looks[2].training}
    assert {"LookBackward", "LookCall", "LookStep"} <= kinds


def test_the_comparison_would_notice_one_random_number():
    # The harness must be able to fail: a stream that moves by one is another stream.
    one, other = watched("plain"), watched("dropout")
    assert one.before == other.before
    assert one.streams != other.streams
    assert one.result != other.result
