"""Any valid sequence of events can be shown."""

from __future__ import annotations

import functools
import typing

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goingdeep.errors import GoingDeepError
from goingdeep.record import Manifest, write_manifest
from goingdeep.record.events import KNOWN, encode
from goingdeep.record.seen import SEEN, Anatomy, Op, Steps
from goingdeep.show import loop_facts, loop_text, shown, step_text
from goingdeep.words import cells
from tests import typed

OPS = (
    "batch", "forward", "loss", "backward", "grad", "clip", "scale", "unscale", "step-scaled", "step", "clear",
    "schedule", "mode", "load", "save", "update", "other",
)  # fmt: skip
STATES = (
    "none",
    "zero",
    "fresh",
    "left-over",
    "summed",
    "unknown",
    "0:none 1:fresh",
    "0:none 0:none",
    "x:y :",
)
FACTS = (
    "loader", "model", "module", "training", "grad", "sensitive", "autocast", "loss", "grads", "leaf", "how", "limit",
    "enabled", "skipped", "optimizer", "changed", "closure", "by", "number", "to", "scheduler", "what", "then",
)  # fmt: skip

few = st.integers(-1, 3)
counts = few | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([10**300, -(10**300)])
floats = st.floats(allow_nan=False, allow_infinity=False)
text = st.sampled_from(
    ["", "a", "x\x1b[31m\n\t", "靴" * 30, "loss.backward()", "\u202e", "w" * 500]
) | st.text(max_size=8)
facts = st.dictionaries(
    st.sampled_from(FACTS) | text,
    st.sampled_from(STATES) | few | st.booleans() | st.none() | floats | text,
    max_size=4,
)
KNOWN_OPS = st.builds(Op, st.sampled_from(OPS), few, facts)


PLAIN = {
    int: counts, float: floats, str: text | st.sampled_from(STATES), bool: st.booleans(),
    type(None): st.none(), Op: KNOWN_OPS,
}  # fmt: skip
structs = functools.partial(typed.structs, plain=PLAIN)


def steps(optimizer: int, anatomy: int, first: int, count: int, spare: int) -> Steps:
    return Steps(
        time=0.0,
        optimizer=optimizer,
        anatomy=anatomy,
        first=first,
        last=first + count - 1 + spare,
        count=count,
    )


likely = st.builds(steps, few, few, st.integers(1, 9), st.integers(1, 9), st.integers(0, 9))
events = st.one_of(
    likely,
    *(structs(kind) for kind in typing.get_args(SEEN)),
    *map(structs, typing.get_args(KNOWN)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_manifest(
        folder,
        Manifest(kind="watch", name="run", command=("gd", "run"), created="now", status="finished"),
    )
    return folder


@settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))
@given(st.lists(events, max_size=14), st.sampled_from([40, 63, 80, 120]), st.integers(1, 12))
def test_any_events_can_be_shown(folder, events, width, step):
    (folder / "events.jsonl").write_bytes(b"".join(map(encode, events)))
    texts = []
    for draw in (
        lambda: loop_text(folder, width),
        lambda: step_text(folder, step, width),
        lambda: shown(folder, as_json=True),
        lambda: shown(folder, step, as_json=True),
    ):
        try:
            texts.append(draw())
        except GoingDeepError as error:
            assert "  fix:   " in str(error)  # noqa: PT017 - other errors are let through
            texts.append("")
    for page in texts[:2]:
        assert all(c.isprintable() or c == "\n" for c in page)
        assert max(map(cells, page.split("\n"))) <= width


anatomies = structs(Anatomy).map(lambda event: msgspec.structs.replace(event, rank=0))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.lists(likely | anatomies, max_size=10))
def test_every_step_is_in_one_loop(folder, events):
    (folder / "events.jsonl").write_bytes(b"".join(map(encode, events)))
    try:
        content = loop_facts(folder)
    except GoingDeepError:
        assert events == []
        return
    loops = content["loops"]
    if all(len(loop["optimizers"]) == 1 for loop in loops):
        counted = sum(event.count for event in events if isinstance(event, Steps))
        assert sum(loop["steps"] for loop in loops) == counted
    for loop in loops:
        assert 1 <= loop["steps_as_drawn"] <= loop["steps"]
        assert bool(loop["other_ways"]) == (loop["steps_as_drawn"] < loop["steps"])
