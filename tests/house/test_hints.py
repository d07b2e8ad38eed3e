"""The list of the hints of healthy programs: every line is one that some test compares."""

from __future__ import annotations

import re

from tests.hints import LIST, ROOT, listed

from goingdeep.check import catalogue

JUDGED = re.compile(
    r"src/goingdeep/check/rules/\w+/(good|fine_\w+)\.py|tests/rules/healthy/\w+\.py"
    r"|tests/cases/(programs|healthy)/\w+\.py|tests/foreign/loops/\w+\.py|gd train --recipe \w+"
)


def test_each_line_is_of_a_program_that_is_judged_and_has_a_reason():
    for (program, rule), why in listed().items():
        assert JUDGED.fullmatch(program), program
        assert program.startswith("gd ") or (ROOT / program).is_file(), program
        assert rule in catalogue(), rule
        assert len(why.split()) > 5, (program, rule)


def test_the_lines_are_in_order_and_each_is_there_once():
    lines = [line for line in LIST.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)
    assert len(lines) == len(listed())
