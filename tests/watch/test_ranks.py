"""Several processes of one job write into one folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest
import torch
from tests.watch import distributed

from goingdeep.record import Manifest, read_events, read_manifest, write_manifest
from goingdeep.record.seen import Ended, Model, Steps
from goingdeep.watch.writing import ranks
from goingdeep.watch.writing.ranks import Seat, rank_and_size, take_seat

VARIABLES = (
    "RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT", "MASTER_ADDR", "TORCHELASTIC_RESTART_COUNT",
)  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ranks, "PATIENCE", 0.0)
    monkeypatch.setattr(ranks, "_meetings", 0)
    return tmp_path


def be(monkeypatch, rank: int, size: int = 2, **more: str) -> None:
    """Be one of several, meeting the others for the first time."""
    for name, value in {"RANK": str(rank), "WORLD_SIZE": str(size), **more}.items():
        monkeypatch.setenv(name, value)
    ranks._meetings = 0


def make(name: str) -> Path:
    folder = Path(name)
    folder.mkdir(parents=True)
    write_manifest(folder, Manifest(kind="watch", name="x", command=("gd",), created="2026"))
    return folder


# -------------------------------------------------------------------- who is who


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, (0, 1)),
        ({"RANK": "1", "WORLD_SIZE": "2"}, (1, 2)),
        ({"RANK": "0", "WORLD_SIZE": "1"}, (0, 1)),
        ({"RANK": "2", "WORLD_SIZE": "2"}, (0, 1)),
        ({"RANK": "1"}, (0, 1)),
        ({"RANK": "-1", "WORLD_SIZE": "2"}, (0, 1)),
        ({"RANK": "one", "WORLD_SIZE": "2"}, (0, 1)),
        ({"RANK": "٣", "WORLD_SIZE": "9"}, (0, 1)),
    ],
)
def test_what_the_variables_say(monkeypatch, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert rank_and_size() == expected


def test_what_torch_says_counts_more(monkeypatch):
    be(monkeypatch, 1, 8)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 3)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 4)
    assert rank_and_size() == (3, 4)


def test_alone_there_is_nothing_to_tell(here):
    seat = take_seat(here / "runs")
    assert seat == Seat(0, True, None, [])
    seat.publish(make("runs/one"))
    seat.leave()
    assert [path.name for path in (here / "runs").iterdir()] == ["one"]


# -------------------------------------------------------------------- how they meet


def test_the_others_go_where_the_first_one_writes(here, monkeypatch):
    be(monkeypatch, 0, 3, MASTER_PORT="29500")
    first = take_seat(here / "runs")
    assert (first.rank, first.first, first.folder) == (0, True, None)
    first.publish(make("runs/one"))
    for rank in (1, 2):
        be(monkeypatch, rank, 3)
        other = take_seat(here / "runs")
        assert other == Seat(rank, False, here / "runs" / "one")
        other.leave()  # takes nothing away
    first.leave()
    assert [path.name for path in (here / "runs").iterdir()] == ["one"]
    be(monkeypatch, 1, 3)
    late = take_seat(here / "runs")
    assert late.folder is None
    assert late.gaps == [
        (
            "other ranks",
            "the first rank did not say where it writes: this one has a folder of its own",
        )
    ]


@pytest.mark.parametrize(
    "changed", [{"MASTER_PORT": "2"}, {"TORCHELASTIC_RESTART_COUNT": "1"}, {"ppid": "7"}, {"again": ""}]
)  # fmt: skip
def test_another_job_in_the_same_folder_is_not_met(here, monkeypatch, changed):
    be(monkeypatch, 0, MASTER_PORT="1/../\0".replace("\0", "_"))
    take_seat(here / "runs").publish(make("runs/one"))
    be(monkeypatch, 1)
    assert take_seat(here / "runs").folder is not None
    be(monkeypatch, 1, **{name: value for name, value in changed.items() if name.isupper()})
    if "ppid" in changed:
        monkeypatch.setattr(os, "getppid", lambda: 7)
    if "again" in changed:
        ranks._meetings = 1
    assert take_seat(here / "runs").folder is None


def test_what_a_killed_rank_left_is_not_believed(here, monkeypatch):
    be(monkeypatch, 0)
    first = take_seat(here / "runs")
    first.publish(make("runs/one"))
    (pointer,) = (here / "runs").glob(".job-*")
    whole = pointer.read_bytes()
    for broken in (b"", b"[]", b"\xff", whole.replace(b'"started":"', b'"started":"9')):
        pointer.write_bytes(broken)
        be(monkeypatch, 1)
        assert take_seat(here / "runs").folder is None
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    facts = msgspec.json.decode(whole) | {"process": dead.pid}
    pointer.write_bytes(msgspec.json.encode(facts))
    be(monkeypatch, 1)
    assert take_seat(here / "runs").folder is None
    (here / "runs" / f"{pointer.name}-older").write_bytes(b"")
    (here / "runs" / ".job-another.machine-1").write_bytes(b"")
    first.publish(here / "runs" / "one")
    names = {path.name for path in (here / "runs").glob(".job-*")}
    assert names == {pointer.name, ".job-another.machine-1"}


def test_a_pointer_to_what_is_no_run_is_not_followed(here, monkeypatch):
    be(monkeypatch, 0)
    (here / "runs" / "one").mkdir(parents=True)
    take_seat(here / "runs").publish(here / "runs" / "one")
    be(monkeypatch, 1)
    assert take_seat(here / "runs").folder is None


def test_the_first_of_another_machine_has_a_folder_of_its_own(here, monkeypatch):
    be(monkeypatch, 8, 16, LOCAL_RANK="0")
    seat = take_seat(here / "runs")
    assert (seat.rank, seat.first, seat.folder) == (8, False, None)
    assert seat.gaps == [("other machines", "a run holds the ranks of one machine")]
    seat.publish(make("runs/two"))
    be(monkeypatch, 9, 16, LOCAL_RANK="1")
    assert take_seat(here / "runs").folder == here / "runs" / "two"


def test_where_nobody_can_write_nobody_waits(here, monkeypatch):
    monkeypatch.setattr(ranks, "PATIENCE", 1e9)
    monkeypatch.setattr(os, "access", lambda *_: False)
    (here / "runs").mkdir()
    be(monkeypatch, 1)
    assert take_seat(here / "runs").folder is None


def test_a_rank_waits_for_the_first_one(here, monkeypatch):
    monkeypatch.setattr(ranks, "PATIENCE", 1e9)
    be(monkeypatch, 0)
    first = take_seat(here / "runs")
    naps = []

    def sleep(seconds):
        naps.append(seconds)
        if len(naps) == 3:
            first.publish(make("runs/one"))

    monkeypatch.setattr(ranks.time, "sleep", sleep)
    be(monkeypatch, 1)
    assert take_seat(here / "runs").folder == here / "runs" / "one"
    assert len(naps) == 3


# -------------------------------------------------------------------- two real processes


def check_record(here: Path) -> Path:
    """One folder, with what both ranks did; returns it."""
    (folder,) = (path for path in (here / "runs").iterdir() if path.name != "latest")
    assert (here / "runs" / "latest").resolve() == folder
    assert {p.name for p in folder.glob("events*")} == {"events.jsonl", "events-rank1.jsonl"}
    events = list(read_events(folder))
    assert events == sorted(events, key=lambda event: event.time)
    ended = {event.rank: event for event in events if isinstance(event, Ended)}
    assert {rank: (end.steps, end.error) for rank, end in ended.items()} == {
        0: (distributed.STEPS, ""), 1: (distributed.STEPS, ""),
    }  # fmt: skip
    steps = Counter()
    for event in events:
        if isinstance(event, Steps):
            steps[event.rank] += event.count
    assert steps == {0: distributed.STEPS, 1: distributed.STEPS}
    assert {event.rank for event in events if isinstance(event, Model)} == {0, 1}
    for rank in (0, 1):
        text = (folder / ("events-rank1.jsonl" if rank else "events.jsonl")).read_text()
        assert {event.rank for event in events if event.rank == rank} == {rank}
        assert text.count('"rank":1') == (text.count("\n") if rank else 0)
    assert read_manifest(folder).status == "finished"
    return folder


def told(here: Path) -> list[list[str]]:
    return [(here / f"told-{rank}").read_text().split("\n") for rank in (0, 1)]


def test_processes_that_a_program_spawned(here):
    torch.multiprocessing.spawn(distributed.spawned, (str(here / "store"),), nprocs=2)
    folder = check_record(here)
    (path0, weights0), (path1, weights1) = told(here)
    assert path0 == path1 == str(folder)
    assert weights0 == weights1


def test_processes_of_torchrun(here, warm_python):
    environment = {name: text for name, text in os.environ.items() if name not in VARIABLES}
    words = [warm_python, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    ours = [warm_python, "-m", "goingdeep", "run", distributed.__file__, "mine"]
    done = subprocess.run(
        [*words, "--no-python", *ours], capture_output=True, text=True, check=False,
        env=environment | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    folder = check_record(here)
    assert read_manifest(folder).command[:2] == ("gd", "run")
    assert done.stderr.count("\nrun      runs/") == 1
    (word, weights0), (_, weights1) = told(here)
    assert (word, weights0) == ("mine", weights1)
