"""The engine: rules that find, fail, cannot judge, silence each other, or never stop."""

from __future__ import annotations

import itertools
import json

import msgspec
import pytest

from goingdeep.check import CheckSettings, catalogue, check_processes, check_run
from goingdeep.check.judge import MOST_COUNTED, MOST_LISTED
from goingdeep.check.rule import Finding, NotSeen, spelled, worse
from goingdeep.check.run import Run, gradient_state
from goingdeep.record import seen
from goingdeep.record.event import Gap, Unknown
from goingdeep.record.events import Epoch, Resumed, encode
from goingdeep.record.seen import Block, Op
from tests.check.conftest import Record, always, made, never


def judged(rules, *records, settings=None):
    return check_processes(
        [record.seen() for record in records], settings, {entry.rule.name: entry for entry in rules}
    )


def test_the_mistake_of_the_record_is_found_with_its_numbers():
    report = check_processes([Record().loop(steps=50).seen()])
    (finding,) = report.findings
    assert (finding.rule, finding.severity, finding.line, finding.source) == (
        "grads-not-cleared",
        "error",
        6,
        "loss.backward()",
    )
    assert finding.evidence["updates"] == 49
    assert finding.evidence["steps"] == 50
    assert (finding.step, finding.count) == (2, 49)
    assert report.exit_code() == 1


def test_the_same_loop_with_a_clear_is_clean():
    report = check_processes([Record().loop(cleared=True).seen()])
    assert report.findings == []
    assert "grads-not-cleared" in report.clean
    assert report.exit_code() == 0


def test_two_updates_on_left_over_gradients_are_no_habit():
    assert check_processes([Record().loop(steps=3).seen()]).findings == []
    assert check_processes([Record().loop(steps=4).seen()]).findings != []


def test_a_rule_that_raises_is_not_checked_and_the_others_go_on():
    def fails(_run):
        yield from ()
        raise ZeroDivisionError("by zero")

    report = judged([made("one", fails), always("two")], Record().loop())
    assert report.not_checked == {"one": "the rule failed: ZeroDivisionError: by zero"}
    assert [finding.rule for finding in report.findings] == ["two"]


def test_what_a_rule_found_before_it_failed_counts():
    def fails(_run):
        yield always("one").rule.found("{a}", a="found", site=1)
        raise ValueError

    report = judged([made("one", fails)], Record().loop())
    assert [finding.message for finding in report.findings] == ["found"]
    assert report.not_checked == {}


def test_a_channel_that_the_run_lacks_makes_a_rule_not_checked():
    report = judged([always("one", needs=("evaluation",))], Record().loop())
    assert report.not_checked == {"one": "no pass over a DataLoader was used for evaluation"}


def test_a_gap_makes_silence_uncertain_and_a_finding_stays_one():
    record = Record().loop()
    record.add(Gap, what="optimizers", reason="more than 256 were made")
    report = judged(
        [
            never("one", needs=("optimizer",)),
            always("two", needs=("optimizer",)),
            never("three", needs=("loss",)),
        ],
        record,
    )
    assert report.not_checked == {"one": "optimizers: more than 256 were made"}
    assert [finding.rule for finding in report.findings] == ["two"]
    assert report.clean == ["three"]


def test_a_rule_may_say_that_it_cannot_judge():
    def cannot(_run):
        yield from ()
        raise NotSeen("the states are not known")

    assert judged([made("one", cannot)], Record().loop()).not_checked == {
        "one": "the states are not known"
    }


def test_unknown_states_of_gradients_are_not_checked_never_silence():
    record = Record().loop(cleared=True)
    record.events = [
        msgspec.structs.replace(event, blocks=(Block((Op("step", 7, {"optimizer": 0}),)), Block((Op("backward", 6),))))
        if isinstance(event, seen.Anatomy) else event
        for event in record.events
    ]  # fmt: skip
    report = check_processes([record.seen()])
    assert "states" in report.not_checked["grads-not-cleared"]


def test_a_symptom_is_silent_beside_its_cause():
    rules = [
        always("cause"),
        always("symptom", silenced_by=("cause",)),
        always("symptom-of-symptom", silenced_by=("symptom",)),
    ]
    report = judged(rules, Record().loop())
    assert [finding.rule for finding in report.findings] == ["cause"]
    assert report.silenced == {"symptom": "cause", "symptom-of-symptom": "symptom"}


def test_a_cause_that_was_not_found_silences_nothing():
    report = judged([never("cause"), always("symptom", silenced_by=("cause",))], Record().loop())
    assert [finding.rule for finding in report.findings] == ["symptom"]


def test_a_rule_that_is_disabled_neither_runs_nor_silences():
    rules = [always("cause"), always("symptom", silenced_by=("cause",)), always("off", on=False)]
    report = judged(rules, Record().loop(), settings=CheckSettings(disable=("cause",)))
    assert [finding.rule for finding in report.findings] == ["symptom"]
    report = judged(
        rules,
        Record().loop(),
        settings=CheckSettings(disable=("cause", "symptom"), enable=("off",)),
    )
    assert [finding.rule for finding in report.findings] == ["off"]


def test_the_users_severity_counts():
    report = judged(
        [always("one")], Record().loop(), settings=CheckSettings(severity={"one": "hint"})
    )
    assert report.findings[0].severity == "hint"
    assert report.exit_code() == 0
    assert report.exit_code("hint") == 1


def test_a_million_findings_are_bounded_and_counted():
    def endless(_run):
        for site in itertools.count():
            yield always("one").rule.found("number {at}", at=site, step=site)

    report = judged([made("one", endless)], Record().loop())
    assert len(report.findings) == MOST_LISTED
    assert report.more == {"one": MOST_COUNTED - MOST_LISTED}


def test_the_same_place_is_one_finding_and_counts_add_up():
    def thrice(_run):
        for step in (2, 3, 4):
            yield always("one").rule.found("at {at}", at=step, step=step, site=6, count=2)

    (finding,) = judged([made("one", thrice)], Record().loop()).findings
    assert (finding.step, finding.count) == (2, 6)


def test_every_process_is_judged_and_equal_findings_are_one():
    report = check_processes([Record().loop().seen(), Record(rank=1).loop().seen()])
    assert [(finding.rule, finding.rank) for finding in report.findings] == [
        ("grads-not-cleared", 0)
    ]
    report = check_processes([Record().loop(cleared=True).seen(), Record(rank=1).loop().seen()])
    assert [(finding.rule, finding.rank) for finding in report.findings] == [
        ("grads-not-cleared", 1)
    ]


def test_the_worst_comes_first_then_the_earliest():
    rules = [
        always("a", severity="hint"),
        always("b", severity="error"),
        always("c", severity="warning"),
    ]
    assert [finding.rule for finding in judged(rules, Record().loop()).findings] == ["b", "c", "a"]


def test_nothing_could_be_judged_is_exit_code_two(tmp_path):
    record = Record()
    record.add(Epoch, epoch=1, loss=1.0, rate=0.1)
    folder = record.write(tmp_path / "unwatched")
    report = check_run(folder)
    assert report.findings == []
    assert not report.clean
    assert report.exit_code() == 2
    assert report.notes == ["the record holds only what the training itself wrote"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{", b"\x00\xff" * 99, b'{"kind":"steps"}\n'])
def test_a_record_of_rubbish_is_judged_without_failing(tmp_path, content):
    folder = Record().write(tmp_path / "rubbish")
    (folder / "events.jsonl").write_bytes(content)
    report = check_run(folder)
    assert report.exit_code() == 2
    assert not any(reason.startswith("the rule failed") for reason in report.not_checked.values())


def test_a_record_cut_anywhere_is_judged_without_failing(tmp_path):
    folder = Record().loop().write(tmp_path / "cut")
    content = (folder / "events.jsonl").read_bytes()
    for size in range(0, len(content), 97):
        (folder / "events.jsonl").write_bytes(content[:size])
        report = check_run(folder)
        assert not any(
            reason.startswith("the rule failed") for reason in report.not_checked.values()
        )


def test_any_order_of_events_is_judged_without_failing(tmp_path):
    record = Record().loop()
    record.events.reverse()
    report = check_processes([record.seen()])
    assert not any(reason.startswith("the rule failed") for reason in report.not_checked.values())


def test_references_to_nothing_are_judged_without_failing():
    record = Record().loop()
    kinds = (seen.Site, seen.Model, seen.Optimizer, seen.LossFunction, seen.Anatomy)
    for kind in kinds:
        part = Record()
        part.events = [event for event in record.events if not isinstance(event, kind)]
        report = check_processes([part.seen()])
        assert not any(
            reason.startswith("the rule failed") for reason in report.not_checked.values()
        ), kind


def test_events_of_another_version_are_said(tmp_path):
    folder = Record().loop().write(tmp_path / "newer")
    with (folder / "events.jsonl").open("ab") as file:
        file.write(json.dumps({"kind": "dream\x1b[31m", "time": 1, "step": 1}).encode() + b"\n")
        file.write(encode(Unknown(time=1.0, content={"kind": "dream"})))
    report = check_run(folder)
    assert any("events of kinds unknown to this version" in note for note in report.notes)
    assert [finding.rule for finding in report.findings] == ["grads-not-cleared"]


def test_a_resumed_run_counts_its_sites_anew(tmp_path):
    record = Record().loop(steps=20, ended=False)
    record.add(Resumed)
    record.sites("a\nb\nc\nd\ne\nanother_line()\nstep()")
    record.events += Record().loop(steps=20, cleared=True, source="").events
    report = check_run(record.write(tmp_path / "resumed"))
    assert [(finding.source, finding.count) for finding in report.findings] == [
        ("loss.backward()", 19)
    ]


def test_a_run_without_an_end_says_so():
    report = check_processes([Record().loop(ended=False).seen()])
    assert report.notes == ["the record has no end: the run goes on, or it was killed"]


# -------------------------------------------------------------------- what rules are told


def test_streaks_are_longest_runs_of_equal_ways():
    record = Record()
    for first, last, anatomy in ((1, 4, 0), (5, 5, 1), (6, 9, 2), (10, 12, 0)):
        record.add(
            seen.Steps, optimizer=0, anatomy=anatomy, first=first, last=last, count=last - first + 1
        )
    run = Run.of_seen(record.seen())
    assert [(s.first, s.last, s.count) for s in run.streaks(0, {0, 1})] == [(1, 5, 5), (10, 12, 3)]
    assert list(run.streaks(0, set())) == []
    assert list(run.streaks(7, {0})) == []


def test_states_are_told_by_optimizer():
    assert gradient_state(Op("backward", 1, {"grads": "0:none 1:left-over"}), 1) == "left-over"
    assert gradient_state(Op("backward", 1, {"grads": "fresh"}), 5) == "fresh"
    assert gradient_state(Op("backward", 1, {"grads": "0:none"}), 1) == "unknown"
    assert gradient_state(Op("backward"), 0) == "unknown"


def test_blocks_are_written_out_a_few_times_and_counted_fully():
    record = Record()
    record.add(
        seen.Anatomy,
        id=0,
        optimizer=0,
        blocks=(Block((Op("backward"),), 10_000), Block((Op("step"),))),
    )
    run = Run.of_seen(record.seen())
    assert [op.op for op in run.operations(0)] == ["backward"] * 3 + ["step"]
    assert run.times(0, "backward") == 10_000
    assert run.operations(9) == ()


def test_words_of_evidence():
    assert [spelled(v) for v in (1234, 0.5, True, (3,), ("a", "b"), "x", float("nan"))] == [
        "1,234",
        "0.5",
        "yes",
        "(3,)",
        "a, b",
        "x",
        "nan",
    ]
    assert worse("error", "hint")
    assert not worse("hint", "error")


def test_a_finding_of_a_rule_leaves_unknown_evidence_out():
    finding = always("one").rule.found("{a}", a=1, b=None)
    assert isinstance(finding, Finding)
    assert finding.evidence == {"a": 1}


def test_the_catalogue_is_complete_and_sorted():
    rules = catalogue()
    severities = [entry.rule.severity for entry in rules.values()]
    assert severities == sorted(severities, key=["error", "warning", "hint"].index)
    assert len(rules) >= 35
