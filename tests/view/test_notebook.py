"""A run shows itself in a notebook: words for everybody, and the page in a frame that can do nothing else."""

from __future__ import annotations

import html
import re
import shutil

import pytest

from goingdeep import viewed
from goingdeep.record import read_manifest, read_result
from goingdeep.session import Run
from goingdeep.view import single
from goingdeep.viewed import MOST_OF_CELL, notebook_html
from tests.view.conftest import HOSTILE
from tests.view.test_single import carried

FRAME = re.compile(
    r'<iframe sandbox="allow-scripts" title="([^"]*)" srcdoc="([^"]*)" style="[^"]*"></iframe>'
)


def shown(run):
    return Run(run, read_manifest(run), read_result(run))._repr_html_()


def test_a_run_shows_itself(trained):
    text = shown(trained)
    assert text.startswith("<pre>Test accuracy ")
    assert len(text) < MOST_OF_CELL
    ((title, page),) = FRAME.findall(text)
    assert title == "run, step by step"
    inside = carried(html.unescape(page))
    assert inside["kind"] == "frame"
    assert inside["manifest"]["run"]["name"] == "run"


def test_it_stays_small_whatever_the_run(trained, monkeypatch):
    monkeypatch.setattr(viewed, "MOST_OF_FRAME", 500_000)
    whole = shown(trained)
    assert len(html.unescape(FRAME.findall(whole)[0][1])) <= 500_000
    monkeypatch.setattr(viewed, "MOST_OF_CELL", 1_000)
    assert "<iframe" not in shown(trained)


def test_hostile_words_stay_words(copy):
    text = notebook_html(HOSTILE, copy)
    assert text.count("<iframe") == text.count("</iframe>") == 1
    assert "<script" not in text
    assert html.escape(HOSTILE) in text


@pytest.mark.parametrize("error", [ValueError("x"), MemoryError(), AssertionError()])
def test_what_goes_wrong_leaves_the_words(trained, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(single, "whole_page", fail)
    assert notebook_html("a & b", trained) == "<pre>a &amp; b</pre>"
    assert notebook_html("a", None) == "<pre>a</pre>"


def test_a_run_that_is_gone_leaves_the_words(copy):
    shutil.rmtree(copy)
    assert notebook_html("a", copy) == "<pre>a</pre>"
