"""Mistakes that happened in public, in programs unlike the rules' own examples; healthy programs beside."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from goingdeep.check import Finding, Report, catalogue
from tests.cases.reading import FRAMEWORKS, Case, every
from tests.cases.traps import NOT_THERE, PREFIXES, TRAPS, framework, programs, traps
from tests.hints import check_hints

CASES = every()

NOT_FOUND: dict[str, str] = {}
"""Names of cases that no rule finds, and why."""

OTHER_LINE = {
    "a2c_cartpole_3": "the loss is tensor arithmetic: what is known is the shape at backward",
    "pose_ae_11": "one function trains in both phases; the walk over the loader is all that differs",
    "predrnn_11": "the graph is cut between two numbers, not between two modules",
    "pytracking_313": "the loss travels through a dictionary to the sum that keeps it",
    "rtm3d_13": "the first number that is not finite is the loss itself, made by tensor arithmetic",
    "sentence_vae_15": "a view mixes the samples; the first module that shows it comes after it",
    "tutorials_1644": "three layers are alike, and the last of them was made in a Sequential",
    "sentence_transformers_2881": "the Trainer makes the optimizer, in train()",
}
"""Found, but at another line than the one to be mended: what the record and the source do not tell."""


def loud(report: Report) -> list[tuple[str, int, str]]:
    return [(f.rule, f.line, f.message) for f in report.findings if f.severity != "hint"]


def found(judged, case: Case) -> list[Finding]:
    return [finding for finding in judged.report(case).findings if finding.rule == case.rule]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case.name,
            marks=pytest.mark.xfail(reason=NOT_FOUND[case.name]) if case.name in NOT_FOUND else (),
        )
        for case in CASES
    ],
)
def test_the_mistake_is_found(judged, case):
    report = judged.report(case)
    assert found(judged, case), (report.not_checked, report.silenced, report.findings)
    assert {rule for rule, _, _ in loud(report)} <= {case.rule}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            case,
            id=case.name,
            marks=pytest.mark.xfail(reason=OTHER_LINE[case.name])
            if case.name in OTHER_LINE
            else (),
        )
        for case in CASES
        if case.name not in NOT_FOUND
    ],
)
def test_the_line_is_the_one_to_mend(judged, case):
    places = [(Path(finding.file), finding.line) for finding in found(judged, case)]
    assert any(file == case.path and line in case.lines for file, line in places), places


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_mended_twin_raises_no_alarm(judged, case):
    report = judged.twin_report(case)
    assert loud(report) == []
    assert not [why for why in report.not_checked.values() if why.startswith("the rule failed")]
    check_hints(case.path, report)


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.stem)
def test_a_healthy_program_under_a_framework_raises_no_alarm(judged, program):
    report = judged.healthy_report(program)
    assert loud(report) == []
    assert not [why for why in report.not_checked.values() if why.startswith("the rule failed")]
    assert len(report.clean) > 25, report.not_checked
    check_hints(program, report)


def test_each_trap_is_there_under_each_framework():
    there = {(framework(program), trap) for program in programs() for trap in traps(program)}
    wanted = {(prefix, trap) for prefix in PREFIXES for trap in TRAPS}
    assert there <= wanted, there - wanted
    assert wanted - there == set(NOT_THERE)
    assert all(traps(program) for program in programs())


def test_nearly_all_are_found_at_the_right_line():
    assert len(NOT_FOUND) <= 0.05 * len(CASES)
    assert len(NOT_FOUND) + len(OTHER_LINE) <= 0.1 * len(CASES)
    assert {*NOT_FOUND, *OTHER_LINE} <= {case.name for case in CASES}


def test_the_cases_are_many_and_unlike():
    assert len(CASES) >= 60
    assert len({case.source for case in CASES}) == len(CASES)
    assert {case.rule for case in CASES} <= catalogue().keys()
    assert max(Counter(case.rule for case in CASES).values()) <= 6
    assert {framework for case in CASES for framework in case.frameworks} == set(FRAMEWORKS)
