"""The pages in docs/rules, and the recipe that begins a rule."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from goingdeep.check import catalogue
from goingdeep.check.catalogue import entry_of, listing, page, parts_of_page

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool():
    return lambda name: runpy.run_path(str(ROOT / "tools" / f"{name}.py"))


def test_the_pages_are_what_the_rules_say(tool):
    wanted = tool("make_rules")["pages"]()
    there = {
        path: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "rules").glob("*.md")
    }
    assert {path.name for path in there} == {path.name for path in wanted}
    assert [path.name for path, text in wanted.items() if there[path] != text] == []


def test_a_page_links_the_issues_it_cites():
    entry = catalogue()["grads-not-cleared"]
    text = page(entry, links=True)
    assert "[pytorch/pytorch#47175](https://github.com/pytorch/pytorch/issues/47175)" in text
    assert "](" not in page(entry)
    assert entry.example("bad.py").strip() in text


def test_the_list_of_rules_is_folded_to_a_terminal():
    assert len(listing().splitlines()) == len(catalogue())
    folded = listing(80).splitlines()
    assert max(map(len, folded)) <= 80
    assert " ".join(" ".join(folded).split()) == " ".join(listing().split())


def test_why_goes_on_after_its_label():
    assert catalogue()["grads-not-cleared"].why.startswith("each update follows")
    assert parts_of_page("Title.\n\n## A\nx\n\ny\n## B\n") == ("Title.", {"A": "x\n\ny", "B": ""})


def test_a_new_rule_can_be_begun_and_read(tool, tmp_path, capsys):
    new = tool("new_rule")
    new["main"].__globals__["RULES"] = tmp_path
    assert new["main"]("made-for-a-test") == 0
    folder = tmp_path / "made_for_a_test"
    assert {path.name for path in folder.iterdir()} == {"rule.py", "bad.py", "good.py"}
    module = runpy.run_path(str(folder / "rule.py"))
    assert module["RULE"].name == "made-for-a-test"
    title, sections = parts_of_page(module["__doc__"])
    assert title
    assert tuple(sections) == (
        "What happens",
        "Why it hurts",
        "How to fix it",
        "When it is fine",
        "Sources",
    )
    compile((folder / "bad.py").read_text(), "bad.py", "exec")
    assert new["main"]("made-for-a-test") == 2
    assert new["main"]("Bad_Name") == 2
    assert new["main"]("") == 2
    assert "is there already" in capsys.readouterr().out


def test_a_folder_is_read_by_its_name():
    rules = ROOT / "src" / "goingdeep" / "check" / "rules"
    assert entry_of(rules / "double_softmax").rule.name == "double-softmax"
