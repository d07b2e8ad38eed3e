"""Every rule, on its own examples and on those of all others."""

from __future__ import annotations

import ast
import bisect
import copy
import json
import re
from pathlib import Path

import msgspec
import pytest

from goingdeep.check import catalogue, check_processes
from goingdeep.check.catalogue import HEADINGS, REFERENCE, RULES
from goingdeep.check.proof import add_proofs
from goingdeep.check.rule import SEVERITIES, spelled
from goingdeep.check.run import Run
from goingdeep.record import read_events
from goingdeep.record.event import Event
from goingdeep.record.seen import Ended, Steps
from tests.hints import check_hints
from tests.rules.conftest import name_of

ENTRIES = catalogue()
BAD = sorted(RULES.glob("*/bad*.py"))
HEALTHY = sorted([*RULES.glob("*/good.py"), *RULES.glob("*/fine_*.py")])


PROGRAMS = sorted((Path(__file__).parent / "healthy").glob("*.py"))
"""Programs in the style of real ones, each with what a naive rule would call a mistake."""


STYLES = sorted((Path(__file__).parent / "styles").glob("*.py"))
"""Shapes of the same mistakes that neither a rule's own examples nor tests/cases have."""


def named(script: Path) -> str:
    return f"{script.parent.name}/{script.stem}"


def loud(report) -> list[tuple[str, str]]:
    return [
        (finding.rule, finding.message) for finding in report.findings if finding.severity != "hint"
    ]


@pytest.mark.parametrize("script", BAD, ids=named)
def test_the_mistake_is_found_and_nothing_else(watched, script):
    report = watched.report(script)
    name = name_of(script)
    assert name in [finding.rule for finding in report.findings], (
        report.not_checked,
        report.silenced,
        report.findings,
    )
    assert {rule for rule, _ in loud(report)} <= {name}, loud(report)


@pytest.mark.parametrize("script", STYLES, ids=named)
def test_the_mistake_is_found_in_another_style(watched, script):
    report = watched.report(script)
    found = [finding for finding in report.findings if finding.rule == name_of(script)]
    assert found, (report.not_checked, report.silenced, report.findings)
    assert all(Path(finding.file) == script for finding in found)
    assert {rule for rule, _ in loud(report)} <= {name_of(script)}, loud(report)


@pytest.mark.parametrize("script", BAD, ids=named)
def test_the_place_is_in_the_script_and_the_numbers_in_the_evidence(watched, script):
    report = watched.report(script)
    for finding in report.findings:
        if finding.rule == name_of(script):
            assert Path(finding.file) == script
            assert script.read_text().splitlines()[finding.line - 1].strip() == finding.source
            assert finding.why
            assert finding.fix
            assert finding.step >= 0
            assert finding.count >= 1
            known = " ".join(spelled(value) for value in finding.evidence.values())
            for number in re.findall(r"\d[\d,.]*", finding.message):
                assert number.rstrip(".,") in known, (number, finding)


@pytest.mark.parametrize("script", [*BAD, *STYLES, *HEALTHY, *PROGRAMS], ids=named)
def test_what_is_said_while_it_runs_is_so_at_the_end_too(watched, script):
    """The script was judged after every one of its steps."""
    lines = (watched.folder(script) / "findings.jsonl").read_text("utf-8").splitlines() if (
        watched.folder(script) / "findings.jsonl").exists() else []  # fmt: skip
    early = [json.loads(line) for line in lines]
    said = {
        (one["rule"], Path(one["file"]).name, one["line"])
        for one in early
        if one["severity"] != "hint"
    }
    final = {
        (finding.rule, Path(finding.file).name, finding.line)
        for finding in watched.report(script).findings
        if finding.severity != "hint"
    }
    assert said == final, [line["message"] for line in early]


@pytest.mark.parametrize("script", BAD, ids=named)
def test_a_remedy_is_one_that_can_be_replayed(watched, script):
    """What it does to these few steps is measured; that it helps is tested in check/test_proving."""
    report = copy.copy(watched.report(script))
    add_proofs(report, watched.folder(script))
    for finding in report.findings:
        if finding.remedy is not None and finding.rule == name_of(script):
            assert finding.proof is not None
            assert not finding.proof.sentence.startswith("not proved: the replay")
            assert finding.proof.curves or finding.proof.sentence.startswith("not ")


@pytest.mark.parametrize("script", [path for path in BAD if path.stem == "bad"], ids=named)
def test_a_mistake_has_a_remedy_or_a_reason_why_not(watched, script):
    name = name_of(script)
    found = [f for f in watched.report(script).findings if f.rule == name]
    assert any(f.remedy for f in found) is not bool(ENTRIES[name].rule.unproved)


@pytest.mark.parametrize("script", [*HEALTHY, *PROGRAMS], ids=named)
def test_a_healthy_script_raises_no_alarm(watched, script):
    report = watched.report(script)
    assert loud(report) == []
    failed = {
        rule: reason
        for rule, reason in report.not_checked.items()
        if reason.startswith("the rule failed")
    }
    assert failed == {}
    check_hints(script, report)


@pytest.mark.parametrize("script", [p for p in HEALTHY if p.stem == "good"], ids=named)
def test_what_is_mended_is_not_even_a_hint_of_its_rule(watched, script):
    assert name_of(script) not in {f.rule for f in watched.report(script).findings}


@pytest.mark.parametrize("script", [p for p in BAD if ENTRIES[name_of(p)].rule.on], ids=named)
def test_a_mistake_is_said_soon_after_it_is_certain(watched, script):
    """Within five steps of the first at which the record so far shows it."""
    folder, name = watched.folder(script), name_of(script)
    lines = (folder / "findings.jsonl").read_text("utf-8").splitlines()
    said = min(one["said_at"] for line in lines if (one := json.loads(line))["rule"] == name)
    events = [event for event in read_events(folder) if not event.rank]
    last = max(event.step for event in events)
    first = bisect.bisect_left(range(last), True, key=lambda step: shows(events, step, name))
    assert said <= first + SOON, (said, first, last)


SOON = 5


def shows(events: list[Event], step: int, name: str) -> bool:
    """Whether what was recorded up to a step has a rule's mistake in it."""
    run = Run()
    for event in events:
        if isinstance(event, Steps) and event.first <= step:
            last = min(event.last, step)
            share = (last - event.first + 1) / (event.last - event.first + 1)
            run.add(msgspec.structs.replace(event, last=last, count=round(event.count * share)))
        elif not isinstance(event, Steps | Ended) and event.step <= step:
            run.add(event)
    # All of them: one that explains this one keeps it silent.
    return name in {finding.rule for finding in check_processes([run]).findings}


@pytest.mark.parametrize(
    "script", [path for path in (*BAD, *HEALTHY) if path.stem in ("bad", "good")], ids=named
)
def test_a_rule_judges_its_own_examples(watched, script):
    assert name_of(script) not in watched.report(script).not_checked


# -------------------------------------------------------------------- pages


@pytest.mark.parametrize("name", ENTRIES)
def test_a_page_has_its_headings_and_sources(name):
    entry = ENTRIES[name]
    assert tuple(entry.sections) == HEADINGS
    assert all(entry.sections.values())
    assert entry.title.endswith(".")
    assert "\n" not in entry.title
    sources = entry.sections["Sources"]
    assert REFERENCE.search(sources) or "https://" in sources
    assert 20 < len(entry.why) < 240


@pytest.mark.parametrize("name", ENTRIES)
def test_a_rule_is_named_after_its_folder(name):
    entry = ENTRIES[name]
    assert entry.folder.name == name.replace("-", "_")
    assert entry.rule.severity in SEVERITIES
    assert set(entry.rule.silenced_by) <= ENTRIES.keys() | PLANNED
    assert (entry.folder / "bad.py").is_file()
    assert (entry.folder / "good.py").is_file()


PLANNED: set[str] = set()
"""Rules that others name as a cause and that are not there yet."""


@pytest.mark.parametrize("script", [*BAD, *HEALTHY], ids=named)
def test_an_example_is_short_and_plain(script):
    text = script.read_text()
    assert len(text.splitlines()) <= 40
    assert "goingdeep" not in text
    assert text.startswith('"""')
    allowed = {
        "torch",
        "warnings",
        "copy",
        "math",
        "random",
        "numpy",
        "itertools",
        "tempfile",
        "pathlib",
        "io",
        "functools",
        "collections",
    }
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, flags=re.MULTILINE))
    assert imported <= allowed


def test_messages_take_their_numbers_from_the_evidence():
    """A number written into a message could not be in the evidence."""
    seen = 0
    for entry in ENTRIES.values():
        for node in ast.walk(ast.parse((entry.folder / "rule.py").read_text())):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", "") == "found"
                and node.args
            ):
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        seen += 1
                        literal = re.sub(r"\{\w+(:[a-zA-Z ]+)?\}", "", part.value)
                        assert not re.search(r"\d", literal), (entry.rule.name, part.value)
    assert seen >= len(ENTRIES)
