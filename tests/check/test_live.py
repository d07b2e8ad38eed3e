"""Findings while a run goes on: once, soon, cheap, and never in the way."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import goingdeep as gd
from goingdeep import live
from goingdeep.check import live as check_live
from goingdeep.check.live import LiveCheck
from goingdeep.check.settings import CheckSettings
from goingdeep.record import read_events
from goingdeep.record.event import Gap
from goingdeep.record.scalars import Curve
from goingdeep.record.seen import Steps
from tests.check.conftest import Record, always, made

NO_CURVE = {"curve": lambda _name: Curve()}


class Clock:
    """Seconds that go on by `tick` whenever somebody looks."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick = 0.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


def following(record: Record, **how) -> LiveCheck:
    check = LiveCheck(CheckSettings(), **how)
    for event in record.events:
        check.take(event)
    return check


def rules(monkeypatch, *entries) -> None:
    """Let these be all the rules there are."""
    known = {entry.rule.name: entry for entry in entries}
    for place in (check_live, sys.modules["goingdeep.check.judge"]):
        monkeypatch.setattr(place, "catalogue", lambda: known)


def test_a_finding_is_said_once():
    check = following(Record().loop(ended=False))
    assert [finding.rule for finding in check.judge(20, **NO_CURVE)] == ["grads-not-cleared"]
    assert check.judge(25, **NO_CURVE) == []


def test_steps_that_are_not_written_yet_count_and_are_not_added():
    record = Record().loop(steps=1, ended=False)
    check = following(record)
    assert check.judge(1, **NO_CURVE) == []
    ahead = Steps(time=1.0, step=9, optimizer=0, anatomy=1, first=2, last=9, count=8)
    (finding,) = check.judge(9, unwritten=[ahead], **NO_CURVE)
    assert finding.count == 8
    assert check._seen.steps == 1


def test_a_finding_that_gets_worse_is_said_again(monkeypatch):
    severity = ["hint", "warning", "hint", "error"]

    def judged(run):
        yield entry.rule.found("wrong", site=6, severity=severity[0])

    entry = made("made", judged)
    rules(monkeypatch, entry)
    check = following(Record().loop())
    said = []
    while severity:
        said.append([finding.severity for finding in check.judge(1, **NO_CURVE)])
        severity.pop(0)
    assert said == [["hint"], ["warning"], [], ["error"]]


def test_a_comment_or_a_baseline_accepts_it_here_too(script, run, monkeypatch):
    script.write_text(script.read_text().replace("backward()", "backward()  # gd: ignore[always]"))
    rules(monkeypatch, always("always"))
    record = Record(str(script))
    record.loop(source=script.read_text())
    assert following(record).judge(20, **NO_CURVE) == []


def test_judging_costs_a_bounded_share_of_the_time():
    """A judgement takes a tenth of a second here, and a step a hundredth."""
    clock = Clock()
    check = following(Record().loop(ended=False), clock=clock, work=clock)
    spent = 0.0
    for step in range(1, 200_001):
        clock.now += 0.01
        if check.due(step):
            clock.tick = 0.1
            check.judge(step, **NO_CURVE)
            clock.tick = 0.0
            spent += 0.1
    assert 0.1 < spent < 0.004 * clock.now


def test_the_first_steps_are_judged_every_few():
    clock = Clock()
    check = following(Record().loop(ended=False), clock=clock, work=clock)
    asked = []
    for step in range(1, 61):
        if check.due(step):
            asked.append(step)
            check.judge(step, **NO_CURVE)
    assert asked == list(range(5, 61, 5))


def test_a_record_without_end_is_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(check_live, "MOST_EVENTS", 30)
    check = LiveCheck(CheckSettings())
    for event in Record().loop().events * 10:
        check.take(event)
    assert not check.due(10**6)


# -------------------------------------------------------------------- in a program


def training(steps: int, *, clears: bool = False) -> list[torch.Tensor]:
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        loss = F.cross_entropy(model(torch.randn(8, 4)), torch.arange(8) % 3)
        if clears:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return list(model.parameters())


def test_it_is_printed_within_five_steps_and_written_down(tmp_path, capsys):
    with gd.watch(tmp_path / "run"):
        training(6)
        said = capsys.readouterr()
        training(50)
    assert said.out == ""
    assert said.err.startswith("\nerror[grads-not-cleared]: 4 of 5 updates used gradients")
    assert "\n  where: " in said.err
    assert "test_live.py:" in said.err
    (line,) = (tmp_path / "run" / "findings.jsonl").read_text().splitlines()
    written = json.loads(line)
    assert (written["said_at"], written["rule"], written["step"]) == (5, "grads-not-cleared", 2)
    assert capsys.readouterr().err == ""


def test_a_training_is_the_same_bits_with_findings(tmp_path, capsys):
    plain = training(20)
    with gd.watch(tmp_path / "run"):
        watched = training(20)
    assert all(map(torch.equal, plain, watched))


def test_a_clean_program_says_nothing(tmp_path, capsys):
    with gd.watch(tmp_path / "run"):
        training(30, clears=True)
    assert capsys.readouterr() == ("", "")
    assert not (tmp_path / "run" / "findings.jsonl").exists()


def test_a_close_look_follows_a_finding(tmp_path, capsys):
    with gd.watch(tmp_path / "run") as run:
        training(12)
    assert run.path is not None
    looks = {event.look for event in read_events(run.path) if hasattr(event, "look")}
    assert looks & {6, 7}
    assert not looks & {9, 10, 11, 12}


@pytest.mark.parametrize("where", ["judge", "take", "due"])
def test_a_fault_of_ours_is_a_gap_and_nothing_else(tmp_path, capsys, monkeypatch, where):
    def broken(*_args, **_how):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(LiveCheck, where, broken)
    with gd.watch(tmp_path / "run") as run:
        training(12)
    gaps = [event for event in read_events(Path(str(run.path))) if isinstance(event, Gap)]
    assert [(gap.what, gap.reason) for gap in gaps] == [(live.GAP, "ZeroDivisionError: ours")]
    assert capsys.readouterr().err == ""


def test_a_folder_that_takes_no_more_does_not_keep_a_finding_from_being_said(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(live, "FILE", "no/such/folder")
    with gd.watch(tmp_path / "run"):
        training(12)
    said = capsys.readouterr().err
    assert "error[grads-not-cleared]" in said
    assert said.endswith(
        "gd: no/such/folder lacks some of what was said: No such file or directory\n"
    )


def test_what_a_full_disk_refused_is_written_when_it_takes_it(tmp_path, capsys):
    """A limit on the size of files refuses as a full disk does: a part is taken, the rest is not."""
    file = tmp_path / "run" / "findings.jsonl"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with gd.watch(tmp_path / "run") as run:
            training(3)
            run.show()  # writes what is recorded
            largest = max(path.stat().st_size for path in (tmp_path / "run").rglob("*"))
            file.write_bytes(b"{}\n" * largest)  # so that the limit is met in this file only
            resource.setrlimit(resource.RLIMIT_FSIZE, (3 * largest + 100, limits[1]))
            training(9)
            assert "error[grads-not-cleared]" in capsys.readouterr().err
            assert file.read_bytes() == b"{}\n" * largest
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (written,) = file.read_bytes()[3 * largest :].splitlines()
    assert json.loads(written)["rule"] == "grads-not-cleared"


def test_an_open_line_is_wiped_away_in_a_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with gd.watch(tmp_path / "run"):
        training(6)
    assert capsys.readouterr().err.startswith("\r\x1b[Kerror[grads-not-cleared]")
