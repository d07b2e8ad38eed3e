"""events.jsonl: one writer, any number of readers, a kill at any moment."""

from __future__ import annotations

import os
import resource
import signal

import pytest
from tests.record.conftest import die, in_child

from goingdeep.errors import RunBusyError, WriteError
from goingdeep.record import EventLog, is_live, log, read_events
from goingdeep.record.events import Checkpointed, Finished, Gap, Resumed, Started, Unknown, encode
from goingdeep.record.files import TEMPORARY
from goingdeep.record.log import Following, other_ranks


def gap(step: int, rank: int = 0) -> Gap:
    return Gap(time=1.0, step=step, rank=rank, what="x", reason="y")


def steps(folder, *, void: bool = False) -> list[int]:
    return [event.step for event in read_events(folder, void=void)]


def write(folder, *events, last: bool = False) -> None:
    with EventLog(folder) as writer:
        for event in events:
            writer.write(event, last=last)


# -------------------------------------------------------------------- writing and reading


def test_what_is_written_can_be_read_at_once(tmp_path, events):
    with EventLog(tmp_path) as writer:
        assert writer.empty
        for number, event in enumerate(events, 1):
            writer.write(event)
            assert list(read_events(tmp_path, void=True)) == events[:number]
        assert not writer.empty


def test_a_second_writer_adds_to_the_first(tmp_path):
    write(tmp_path, gap(1))
    with EventLog(tmp_path) as writer:
        assert not writer.empty
        writer.write(gap(2))
    assert steps(tmp_path) == [1, 2]


def test_no_file_is_no_events(tmp_path):
    assert list(read_events(tmp_path)) == []
    assert list(read_events(tmp_path / "nowhere")) == []


def test_a_damaged_line_hides_no_other(tmp_path):
    damaged = b'{"kind":"gap","ti\x00\xff\n\n' + b"[" * 100_000 + b"\n3\n\x00\x00\n"
    (tmp_path / "events.jsonl").write_bytes(encode(gap(1)) + damaged + encode(gap(2)))
    assert steps(tmp_path) == [1, 2]


def test_a_carriage_return_does_not_end_a_line(tmp_path):
    (tmp_path / "events.jsonl").write_bytes(b'{"kind":"new",\r"step":3}\n')
    assert [type(event) for event in read_events(tmp_path)] == [Unknown]


@pytest.mark.parametrize("size", [1, 30, 1 << 16, 200_000])
def test_a_cut_line_is_not_read_and_the_next_writer_removes_it(tmp_path, size):
    path = tmp_path / "events.jsonl"
    whole = encode(gap(1)) + encode(gap(2))
    path.write_bytes(whole + b"x" * size)
    assert steps(tmp_path) == [1, 2]
    with EventLog(tmp_path) as writer:
        assert path.read_bytes() == whole
        writer.write(gap(3))
    assert path.read_bytes() == whole + encode(gap(3))


def test_a_file_that_is_one_cut_line_becomes_empty(tmp_path):
    (tmp_path / "events.jsonl").write_bytes(b"x" * 100_000)
    with EventLog(tmp_path) as writer:
        assert writer.empty
    assert (tmp_path / "events.jsonl").read_bytes() == b""


def test_a_kill_loses_at_most_the_line_in_flight(tmp_path):
    def work() -> None:
        writer = EventLog(tmp_path)
        for step in range(100):
            writer.write(gap(step))
        die()

    assert in_child(work) == -signal.SIGKILL
    assert steps(tmp_path) == list(range(100))


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    (tmp_path / "blobs").mkdir()
    left = [tmp_path / f"{TEMPORARY}7-run.json", tmp_path / "blobs" / f"{TEMPORARY}7-aa"]
    for path in left:
        path.write_bytes(b"half")
    write(tmp_path)
    assert not any(path.exists() for path in left)


# -------------------------------------------------------------------- resumes


def test_a_resume_makes_later_lines_void(tmp_path):
    resumed = Resumed(time=2.0, step=5)
    write(tmp_path, gap(1), gap(5), gap(6), gap(9), resumed, gap(6))
    assert steps(tmp_path) == [1, 5, 5, 6]
    assert steps(tmp_path, void=True) == [1, 5, 6, 9, 5, 6]


def test_each_resume_counts(tmp_path):
    def again(step: int) -> Resumed:
        return Resumed(time=2.0, step=step)

    write(tmp_path, gap(1), gap(8), again(7), gap(8), gap(3), again(2), gap(3), again(9), gap(10))
    assert steps(tmp_path) == [1, 2, 3, 9, 10]


def test_a_resume_of_one_rank_leaves_the_others_alone(tmp_path):
    write(tmp_path, gap(8, rank=0), gap(8, rank=1), Resumed(time=2.0, step=5, rank=1))
    assert [(e.step, e.rank) for e in read_events(tmp_path)] == [(8, 0), (5, 1)]


def test_void_lines_as_the_definition_has_them(tmp_path):
    """Against the plain definition, one resume after the other."""
    lines = [
        Resumed(time=0.0, step=s % 11, rank=s % 2) if s % 7 == 0 else gap(s * 5 % 23, rank=s % 3)
        for s in range(200)
    ]
    kept: list = []
    for line in lines:
        if isinstance(line, Resumed):
            kept = [e for e in kept if e.step <= line.step or e.rank != line.rank]
        kept.append(line)
    write(tmp_path, *lines)
    assert list(read_events(tmp_path)) == kept


# -------------------------------------------------------------------- one writer


def test_two_writers_are_refused(tmp_path):
    with EventLog(tmp_path) as writer:
        with pytest.raises(RunBusyError) as caught:
            EventLog(tmp_path)
        writer.write(gap(1))
    assert str(caught.value) == (
        f"{tmp_path} is being written by another process\n"
        "  fix:   wait until it ends, or stop it first\n"
        "  more:  docs/runs.md"
    )
    assert isinstance(caught.value, BlockingIOError)
    write(tmp_path, gap(2))
    assert steps(tmp_path) == [1, 2]


def test_a_writer_in_another_process_is_refused(tmp_path):
    def work() -> None:
        with pytest.raises(RunBusyError):
            EventLog(tmp_path)

    with EventLog(tmp_path):
        assert in_child(work) == 0


def test_the_refused_writer_changes_nothing(tmp_path):
    with EventLog(tmp_path) as writer:
        writer.write(gap(1))
        content = (tmp_path / "events.jsonl").read_bytes() + b"half a li"
        (tmp_path / "events.jsonl").write_bytes(content)
        with pytest.raises(RunBusyError):
            EventLog(tmp_path)
        assert (tmp_path / "events.jsonl").read_bytes() == content


def test_a_killed_writer_holds_no_lock(tmp_path):
    def work() -> None:
        EventLog(tmp_path).write(gap(1))
        die()

    assert in_child(work) == -signal.SIGKILL
    assert not is_live(tmp_path)
    write(tmp_path, gap(2))
    assert steps(tmp_path) == [1, 2]


def test_other_ranks_are_waited_for_while_they_write(tmp_path, monkeypatch):
    assert other_ranks(tmp_path) == []
    with EventLog(tmp_path), EventLog(tmp_path, 1) as other:
        (path,) = other_ranks(tmp_path)
        assert path.name == "events-rank1.jsonl"
        naps = []
        monkeypatch.setattr(log.time, "sleep", lambda _: naps.append(1) or other.close())
        assert other_ranks(tmp_path, seconds=1e9) == [path]
        assert naps == [1]


def test_a_run_is_live_while_it_is_written(tmp_path):
    assert not is_live(tmp_path)
    with EventLog(tmp_path):
        assert is_live(tmp_path)
        assert in_child(lambda: None if is_live(tmp_path) else 1 / 0) == 0
    assert not is_live(tmp_path)


def test_asking_does_not_keep_a_writer_out(tmp_path, monkeypatch):
    """A reader that asks at the very moment a writer begins; the writer tries again."""
    write(tmp_path, gap(1))
    asking = (tmp_path / "events.jsonl").open("rb")
    log.fcntl.flock(asking, log.fcntl.LOCK_SH)
    monkeypatch.setattr(log.time, "sleep", lambda _: asking.close())
    write(tmp_path, gap(2))
    assert steps(tmp_path) == [1, 2]


# -------------------------------------------------------------------- bounds


def test_a_full_log_says_so_once_and_lets_the_end_in(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "MAX_BYTES", 1000)
    with EventLog(tmp_path) as writer:
        for step in range(1000):
            writer.write(Checkpointed(time=1.0, step=step, name="n", reason="time"))
        writer.write(Finished(time=1.0, step=1000, accuracy=0.5, seconds=1.0), last=True)
    found = list(read_events(tmp_path))
    gaps = [event for event in found if isinstance(event, Gap)]
    assert [(g.what, g.reason) for g in gaps] == [("later events", "log is full")]
    assert gaps[0].step == found[-3].step + 1
    assert found[-2:] == [gaps[0], Finished(time=1.0, step=1000, accuracy=0.5, seconds=1.0)]
    assert (tmp_path / "events.jsonl").stat().st_size < 1200


def test_a_full_log_stays_full_for_the_next_writer(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "MAX_BYTES", 1000)
    for _ in range(50):
        with EventLog(tmp_path) as writer:
            for step in range(20):
                writer.write(Checkpointed(time=1.0, step=step, name="n", reason="time"))
    assert (tmp_path / "events.jsonl").stat().st_size < 1200


def test_everything_fits_below_the_bound(tmp_path, monkeypatch):
    lines = [gap(step) for step in range(5)]
    monkeypatch.setattr(log, "MAX_BYTES", sum(len(encode(line)) for line in lines))
    write(tmp_path, *lines)
    assert list(read_events(tmp_path)) == lines


def test_a_disk_that_takes_half_a_line_leaves_no_half(tmp_path):
    """The file may not grow beyond the middle of a line; afterwards there is room again."""
    line = encode(gap(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with EventLog(tmp_path) as writer:
        writer.write(gap(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(line) + 10, hard))
        try:
            with pytest.raises(WriteError) as caught:
                writer.write(gap(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (tmp_path / "events.jsonl").read_bytes() == line
        writer.write(gap(3))
    assert steps(tmp_path) == [1, 3]
    assert caught.value.message == "cannot write events.jsonl: a limit on file size was met"


def test_a_folder_that_is_gone_is_our_error(tmp_path):
    with pytest.raises(WriteError, match=r"cannot write events\.jsonl"):
        EventLog(tmp_path / "nowhere")


def test_neither_a_closed_nor_a_refused_log_keeps_a_file_open(tmp_path):
    before = open_files()
    write(tmp_path, Started(time=1.0, steps=1, device="cpu"))
    with EventLog(tmp_path):
        for _ in range(3):
            with pytest.raises(RunBusyError):
                EventLog(tmp_path)
    assert open_files() == before


def open_files() -> int:
    """How many there are: each new one gets the lowest number that is free."""
    with open(os.devnull) as file:  # noqa: PTH123
        return file.fileno()


# -------------------------------------------------------------------- several ranks


def timed(time: float, step: int, rank: int) -> Gap:
    return Gap(time=time, step=step, rank=rank, what="x", reason="y")


def test_each_rank_has_a_file_and_they_are_read_by_time(tmp_path):
    files = {0: [1.0, 4.0, 5.0], 1: [2.0, 3.0, 9.0], 10: [0.5]}
    for rank, times in files.items():
        with EventLog(tmp_path, rank) as writer:
            for number, time in enumerate(times):
                writer.write(timed(time, number, rank))
    names = ["events-rank1.jsonl", "events-rank10.jsonl", "events.jsonl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    found = [(event.time, event.rank) for event in read_events(tmp_path)]
    assert found == [(0.5, 10), (1.0, 0), (2.0, 1), (3.0, 1), (4.0, 0), (5.0, 0), (9.0, 1)]


def test_a_clock_that_was_set_back_does_not_change_the_order_of_lines(tmp_path):
    for rank, times in ((0, [5.0, 1.0, 6.0]), (1, [2.0])):
        with EventLog(tmp_path, rank) as writer:
            for number, time in enumerate(times):
                writer.write(timed(time, number, rank))
    assert [event.time for event in read_events(tmp_path) if event.rank == 0] == [5.0, 1.0, 6.0]


def test_a_resume_of_one_rank_makes_only_its_own_lines_void(tmp_path):
    with EventLog(tmp_path) as writer:
        for event in (timed(1, 3, 0), timed(2, 8, 0), Resumed(time=3.0, step=5), timed(7, 6, 0)):
            writer.write(event)
    with EventLog(tmp_path, 1) as writer:
        writer.write(timed(2.5, 8, 1))
    found = [(e.step, e.rank) for e in read_events(tmp_path) if isinstance(e, Gap)]
    assert found == [(3, 0), (8, 1), (6, 0)]


def test_a_file_that_only_looks_like_a_rank_is_not_read(tmp_path):
    write(tmp_path, gap(1))
    for name in (
        "events-rank0.jsonl",
        "events-rank.jsonl",
        "events-rank1.jsonl.old",
        "xevents-rank1.jsonl",
    ):
        (tmp_path / name).write_bytes(encode(gap(2)))
    (tmp_path / "events-rank2.jsonl").mkdir()
    assert steps(tmp_path) == [1]


def test_a_later_rank_leaves_the_unfinished_work_of_the_first_alone(tmp_path):
    with EventLog(tmp_path):
        (tmp_path / f"{TEMPORARY}1-loss.npy").touch()
        with EventLog(tmp_path, 1):
            assert (tmp_path / f"{TEMPORARY}1-loss.npy").exists()
    with EventLog(tmp_path):
        assert not (tmp_path / f"{TEMPORARY}1-loss.npy").exists()


def test_what_is_no_file_is_no_events(tmp_path):
    (tmp_path / "events.jsonl").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "events-rank1.jsonl")
    assert list(read_events(tmp_path)) == []
    assert Following(tmp_path).more() == []
