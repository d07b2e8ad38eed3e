"""The report as text, JSON, SARIF and annotations; hostile strings in all of them."""

from __future__ import annotations

import json
import re
import unicodedata

import msgspec
import pytest

from goingdeep.check import Finding, Report, check_processes
from goingdeep.check.faces import FACES
from goingdeep.check.faces.text import one
from tests.check.conftest import Record

HOSTILE = "a\x1b[31mred\x07\r\n::error file=x::boo\u202e</script>%0A\udce9"


@pytest.fixture
def report(run, script) -> Report:
    report = check_processes([Record(str(script)).loop().seen()], name="plain")
    report.not_checked = {"b-rule": "no evaluation", "a-rule": "no evaluation"}
    report.notes = ["a note"]
    return report


def finding(**fields) -> Finding:
    return Finding(**{"rule": "grads-not-cleared", "severity": "error", "message": "m"} | fields)


def test_a_finding_is_five_lines(report):
    lines = one(report.findings[0]).split("\n")
    assert lines[0] == (
        "error[grads-not-cleared]: 19 of 20 updates used gradients left over from the update before, the first at step 2"
    )
    assert [line[:9] for line in lines[1:]] == ["  where: ", "  why:   ", "  fix:   ", "  more:  "]
    assert lines[1] == "  where: train.py:6  loss.backward()"
    assert lines[4] == "  more:  gd rules grads-not-cleared"


def test_the_text_ends_with_what_was_and_was_not_judged(report):
    text = FACES["text"](report)
    assert "1 error in plain, 20 steps" in text
    assert "not checked, no evaluation: a-rule, b-rule" in text
    assert "note: a note" in text


def test_nothing_wrong_is_said_in_words():
    text = FACES["text"](Report(run="x", steps=3, clean=["a", "b"]))
    assert text.split("\n") == [
        "nothing wrong was found in x, 3 steps",
        "  2 rules looked and found nothing",
    ]
    assert FACES["text"](Report(run="x")).startswith("nothing could be judged in x")


def test_json_has_the_promised_fields(report):
    content = json.loads(FACES["json"](report))
    assert {"findings", "not_checked", "clean"} <= content.keys()
    assert {
        "rule",
        "severity",
        "message",
        "file",
        "line",
        "step",
        "count",
        "fix",
        "evidence",
    } <= content["findings"][0].keys()
    assert content["findings"][0]["file"] == "train.py"
    assert content["not_checked"][0] == {"rule": "a-rule", "needs": "no evaluation"}


def test_numbers_that_json_lacks_are_words():
    shown = Report(findings=[finding(evidence={"a": float("nan"), "b": (1.0, float("inf"))})])
    assert json.loads(FACES["json"](shown))["findings"][0]["evidence"] == {
        "a": "nan",
        "b": [1.0, "inf"],
    }
    json.loads(FACES["sarif"](shown))


# -------------------------------------------------------------------- SARIF


def check_sarif(log: dict) -> None:
    """What SARIF 2.1.0 asks of a log with results, after the standard's text (section 3)."""
    assert log["version"] == "2.1.0"
    assert log["$schema"].startswith("https://")
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert isinstance(driver["name"], str)
        ids = [rule["id"] for rule in driver["rules"]]
        assert len(ids) == len(set(ids))
        for rule in driver["rules"]:
            for key in ("shortDescription", "fullDescription", "help"):
                assert isinstance(rule[key]["text"], str)
                assert rule[key]["text"]
            assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
        for result in run["results"]:
            assert ids[result["ruleIndex"]] == result["ruleId"]
            assert result["level"] in {"none", "note", "warning", "error"}
            assert result["message"]["text"]
            assert result["occurrenceCount"] >= 1
            for location in result.get("locations", []):
                physical = location["physicalLocation"]
                uri = physical["artifactLocation"]["uri"]
                assert re.fullmatch(r"[\w.~:/?#\[\]@!$&'()*+,;=%-]+", uri)
                assert (
                    physical["artifactLocation"].get("uriBaseId", "SRCROOT")
                    in run["originalUriBaseIds"]
                )
                assert physical["region"]["startLine"] >= 1
            for suppression in result.get("suppressions", []):
                assert suppression["kind"] in {"inSource", "external"}
        assert all(
            base["uri"].startswith("file:///") and base["uri"].endswith("/")
            for base in run["originalUriBaseIds"].values()
        )
        for invocation in run["invocations"]:
            assert isinstance(invocation["executionSuccessful"], bool)
            assert all(note["message"]["text"] for note in invocation["toolExecutionNotifications"])


def test_sarif_keeps_to_the_standard(report):
    report.ignored = [msgspec.structs.replace(report.findings[0], line=7)]
    report.known = [finding(rule="double-softmax", file="<ipython-input-1>", line=3)]
    log = json.loads(FACES["sarif"](report))
    check_sarif(log)
    (run,) = log["runs"]
    assert [len(result.get("suppressions", [])) for result in run["results"]] == [0, 1, 1]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "train.py",
        "uriBaseId": "SRCROOT",
    }
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 6


def test_sarif_without_findings_keeps_to_the_standard():
    check_sarif(json.loads(FACES["sarif"](Report())))


# -------------------------------------------------------------------- annotations


def test_annotations_name_the_line(report):
    first = FACES["github"](report).split("\n")[0]
    assert first.startswith(
        "::error file=train.py,line=6,title=gd check%3A grads-not-cleared::19 of 20 updates"
    )
    assert "%0Afix: optimizer.zero_grad()" in first


def test_a_hint_is_a_notice():
    assert FACES["github"](Report(findings=[finding(severity="hint")])).startswith(
        "::notice title="
    )


# -------------------------------------------------------------------- hostile strings


@pytest.mark.parametrize("face", FACES)
def test_hostile_strings_do_no_harm(face):
    bad = finding(
        message=HOSTILE,
        file=f"/tmp/{HOSTILE}.py",
        line=3,
        source=HOSTILE,
        via=HOSTILE,
        fix=HOSTILE,
        evidence={"a": HOSTILE},
    )
    shown = Report(
        run=HOSTILE, findings=[bad], ignored=[bad], known=[bad], notes=[HOSTILE],
        not_checked={"grads-not-cleared": HOSTILE},
    )  # fmt: skip
    text = FACES[face](shown)
    text.encode("utf-8")
    assert not [c for c in text if unicodedata.category(c) == "Cc" and c != "\n"]
    if face in ("json", "sarif"):
        json.loads(text)  # direction marks are data there
    else:
        assert all(c.isprintable() or c == "\n" for c in text)
    if face == "sarif":
        check_sarif(json.loads(text))
    if face == "github":
        commands = [line for line in text.split("\n") if line.startswith("::")]
        assert len(commands) == 1
    if face == "text":
        assert not any(line.startswith("::") for line in text.split("\n"))
