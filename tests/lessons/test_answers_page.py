"""docs/answers.md says what the code says, and what a run of today says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from goingdeep.why.catalogue import catalogue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "answers.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location(
        "make_answers", ROOT / "tools" / "make_answers.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_question_is_there_in_order():
    headings = [line[3:] for line in PAGE.splitlines() if line.startswith("## ")]
    assert headings == [page.question for page in catalogue().values()]
    for page in catalogue().values():
        assert page.short in PAGE
        assert all(f"]({source.url})" in PAGE for source in page.sources)
        for claim in page.lesson().claims:
            assert f"| {claim.text} |" in PAGE


def test_every_picture_is_there():
    pictures = {path.name for path in (ROOT / "docs" / "answers").iterdir()}
    assert len(pictures) >= 8
    assert all(f"(answers/{name})" in PAGE for name in pictures)
    assert PAGE.count("](answers/") == len(pictures)


def test_a_changed_verdict_would_be_found(tool):
    assert "| ✗ false |" in PAGE
    changed = PAGE.replace("| ✗ false |", "| ✓ true |", 1)
    assert tool.skeleton(changed) != tool.skeleton(PAGE)
    assert len(tool.skeleton(PAGE)) > 60
    assert tool.skeleton(PAGE.replace("2.295", "2.296")) == tool.skeleton(PAGE)


def test_a_run_of_today_says_the_same(tool, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["make_answers.py", "--check"])
    assert (tool.main(), capsys.readouterr().out) == (0, "")
