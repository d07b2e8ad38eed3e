"""`gd check` and `gd rules` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goingdeep.check import catalogue
from goingdeep.record.event import Gap
from tests.check.conftest import Record


def test_an_error_is_exit_code_one(gd, run):
    code, out, err = gd("check", "plain")
    assert (code, err) == (1, "")
    assert out.startswith("error[grads-not-cleared]: 19 of 20 updates")


def test_the_newest_run_is_meant_without_a_name(gd, run):
    assert gd("check")[0] == 1


def test_a_clean_run_is_exit_code_zero(gd, script):
    Record(str(script)).loop(cleared=True).write(Path("runs/clean"))
    code, out, _ = gd("check", "clean")
    assert code == 0
    assert out.startswith("nothing wrong was found in clean, 20 steps")


def test_an_unwatched_run_is_exit_code_two(gd, script):
    Record(str(script)).write(Path("runs/empty"))
    code, out, _ = gd("check", "empty")
    assert code == 2
    assert out.startswith("nothing could be judged")


def test_fail_on_decides_the_exit_code(gd, run):
    Path("pyproject.toml").write_text('[tool.goingdeep.severity]\ngrads-not-cleared = "warning"\n')
    assert gd("check", "plain")[0] == 0
    assert gd("check", "plain", "--fail-on", "warning")[0] == 1
    code, _, err = gd("check", "plain", "--fail-on", "bad")
    assert code == 2
    assert "a severity is one of error, warning, hint, got 'bad'" in err


def test_rules_can_be_left_out_by_name(gd, run):
    assert gd("check", "plain", "--disable", "grads-not-cleared")[0] == 0
    code, _, err = gd("check", "plain", "--disable", "grads-not-cleard")
    assert code == 2
    assert "did you mean grads-not-cleared?" in err


@pytest.mark.parametrize("face", ["json", "sarif"])
def test_the_formats_for_programs_are_json(gd, run, face):
    code, out, _ = gd("check", "plain", "--format", face)
    assert code == 1
    json.loads(out)


def test_a_format_that_does_not_exist_names_the_nearest(gd, run):
    code, out, err = gd("check", "plain", "--format", "jsno")
    assert (code, out) == (2, "")
    assert "did you mean json?" in err


def test_the_report_goes_to_a_new_file(gd, run):
    code, out, _ = gd("check", "plain", "--format", "json", "--output", "report.json")
    assert (code, out) == (1, "written to report.json\n")
    assert json.loads(Path("report.json").read_text())["findings"]
    code, _, err = gd("check", "plain", "--output", "report.json")
    assert code == 2
    assert "report.json is there already" in err


def test_a_baseline_is_written_and_used(gd, run):
    to_file = ("--baseline", "b.json", "--write-baseline", "--output", "r.txt")
    assert gd("check", "plain", *to_file)[:2] == (
        0,
        "1 finding written to the baseline\nwritten to r.txt\n",
    )
    assert "error[" in Path("r.txt").read_text()
    code, out, _ = gd("check", "plain", "--baseline", "b.json")
    assert (code, out.splitlines()[0]) == (0, "nothing new was found in plain, 20 steps")


def test_a_run_that_is_not_there(gd, run):
    code, _, err = gd("check", "plian")
    assert code == 2
    assert "did you mean plain?" in err


@pytest.mark.parametrize(
    "option", [("--steps", "5"), ("--seconds", "2"), ("--out", "there"), ("--no-probes",)]
)
def test_what_is_for_a_program_is_refused_for_a_run(gd, run, option):
    code, out, err = gd("check", "plain", *option)
    assert (code, out) == (2, "")
    assert f"{option[0]} is for a program that is run now, and plain is a recorded run" in err
    assert f"fix:   gd check {option[0]} ... SCRIPT.py" in err


@pytest.mark.parametrize("status", ["finished", "interrupted", "failed"])
def test_a_record_that_was_lost_says_where_it_ends(gd, script, status):
    folder = Record(str(script)).loop(cleared=True, ended=False).write(Path("runs/lost"))
    manifest = json.loads((folder / "run.json").read_text())
    reason = {"status": status, "error": "cannot write events.jsonl: the disk is full"}
    (folder / "run.json").write_text(json.dumps(manifest | reason))
    _, out, _ = gd("check", "lost")
    said = (
        "note: the record ends at step 20, before the program did (cannot write events.jsonl: the "
        "disk is full): what came later was not seen"
    )
    assert (said in out) is (status != "failed")  # there the error is the program's own
    assert ("the record has no end" in out) is (status == "failed")


def test_a_record_that_was_full_says_so(gd, script):
    record = Record(str(script)).loop(cleared=True)
    record.add(Gap, what="later events", reason="log is full")
    record.write(Path("runs/full"))
    assert "note: the record was full before the program had ended" in gd("check", "full")[1]


def test_rules_are_listed_with_their_titles(gd):
    code, out, _ = gd("rules")
    assert code == 0
    assert len(out.splitlines()) == len(catalogue())
    assert "error    grads-not-cleared" in out


def test_a_page_is_printed(gd):
    code, out, _ = gd("rules", "grads-not-cleared")
    assert code == 0
    assert out.startswith("# grads-not-cleared\n")
    for heading in (
        "## What happens",
        "## Sources",
        "## With the mistake",
        "# gd: ignore[grads-not-cleared]",
    ):
        assert heading in out


def test_a_rule_that_does_not_exist_names_the_nearest(gd):
    code, _, err = gd("rules", "grad-not-cleared")
    assert code == 2
    assert "did you mean grads-not-cleared?" in err
