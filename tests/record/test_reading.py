"""What a record says, gathered: by process, in any state, event by event."""

from __future__ import annotations

import gc

from goingdeep.record import EventLog, look, seen
from goingdeep.record.event import Gap, Unknown
from goingdeep.record.events import Failed, Resumed, Started
from goingdeep.record.reading import Seen, processes, read_processes
from goingdeep.record.stretch import Stretch


def steps(first, last, count=None, *, anatomy=0, optimizer=0, rank=0):
    count = last - first + 1 if count is None else count
    return seen.Steps(
        time=1.0, step=last, rank=rank, optimizer=optimizer, anatomy=anatomy, first=first, last=last, count=count
    )  # fmt: skip


def site(number, line, rank=0):
    return seen.Site(time=1.0, rank=rank, id=number, file="a.py", line=line)


def stretches(*events):
    return [(s.optimizer, s.first, s.last, s.count) for s in Seen(events).stretches]


def test_stretches_that_go_on_the_same_way_are_one():
    assert stretches(steps(1, 10), steps(11, 40), steps(41, 41)) == [(0, 1, 41, 41)]
    assert stretches(steps(1, 10), steps(11, 40, anatomy=1)) == [(0, 1, 10, 10), (0, 11, 40, 30)]
    assert stretches(steps(1, 10), steps(12, 40)) == [(0, 1, 10, 10), (0, 12, 40, 29)]


def test_turns_of_two_optimizers_are_told_apart():
    turns = [steps(i, i, optimizer=(i + 1) % 2) for i in range(1, 9)]
    assert stretches(*turns) == [
        (0, 1, 1, 1),
        (1, 2, 2, 1),
        *((i % 2, i + 1, i + 1, 1) for i in range(2, 8)),
    ]
    whole = [steps(1, 7, 4), steps(2, 8, 4, optimizer=1), steps(9, 15, 4)]
    assert stretches(*whole) == [(0, 1, 15, 8), (1, 2, 8, 4)]


def test_a_stretch_that_cannot_be_is_left_out():
    assert stretches(steps(5, 4, 1), steps(0, 3), steps(1, 3, 9), steps(1, 3, 0)) == []


def test_a_stretch_holds_its_turns():
    stretch = Stretch(0, 0, 1, 7, 4)
    assert [step for step in range(10) if stretch.holds(step)] == [1, 3, 5, 7]
    assert Stretch(0, 0, 3, 3, 1).holds(3)


def test_events_may_come_one_by_one():
    one = Seen()
    assert not one.watched
    assert one.steps == 0
    one.add(steps(1, 5))
    assert (one.watched, one.steps, len(one.stretches)) == (True, 5, 1)
    one.add(steps(6, 9))
    assert (one.steps, one.stretches[0].last) == (9, 9)


def test_numbers_of_another_rank_or_of_a_resumed_process_are_its_own():
    events = [
        Started(time=1.0, steps=9, device="cpu"), site(0, 10), site(0, 20, rank=1), steps(1, 3),
        Resumed(time=1.0, step=3), site(0, 30), steps(4, 5),
    ]  # fmt: skip
    lines = [(one.rank, one.site(0).line) for one in processes(events)]
    assert lines == [(0, 10), (0, 30), (1, 20)]


def test_a_run_that_nobody_watched_before_it_was_resumed_is_one_process():
    events = [Started(time=1.0, steps=9, device="cpu"), Resumed(time=1.0), site(0, 30)]
    assert len(list(processes(events))) == 1


def test_what_is_unknown_is_counted_and_what_is_missing_is_none():
    one = Seen(
        [
            Unknown(time=1.0, content={"kind": "dream"}),
            Unknown(time=1.0, content={}),
            Gap(time=1.0, what="a", reason="b"),
        ]
    )
    assert one.unknown == {"dream": 1, "?": 1}
    assert [gap.what for gap in one.gaps] == ["a"]
    assert one.site(5) is None
    assert one.end is None


def test_looks_are_gathered_by_step_and_phase():
    one = Seen(
        [
            look.LookStep(time=1.0, look=3, optimizer=0),
            look.LookCall(
                time=1.0,
                look=3,
                phase="evaluation",
                index=0,
                depth=0,
                model=0,
                module="",
                class_name="A",
            ),
        ]
    )
    assert [type(part).__name__ for part in one.looks[3].training] == ["LookStep"]
    assert len(one.looks[3].evaluation) == 1
    assert one.looks[3].of(look.LookCall) == []


def test_the_end_keeps_the_line_that_the_watcher_knew():
    one = Seen(
        [
            seen.Ended(time=1.0, seconds=2.0, steps=7, site=4, error="ValueError"),
            Failed(time=1.0, error="ValueError", message="no"),
        ]
    )
    assert (one.end.site, one.end.error, one.end.message, one.steps) == (4, "ValueError", "no", 7)


def test_reading_leaves_the_collector_as_it_was(tmp_path):
    with EventLog(tmp_path) as log:
        log.write(steps(1, 3))
    assert gc.isenabled()
    assert [one.steps for one in read_processes(tmp_path)] == [3]
    assert gc.isenabled()
    gc.disable()
    try:
        read_processes(tmp_path)
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert read_processes(tmp_path / "nowhere") == []
