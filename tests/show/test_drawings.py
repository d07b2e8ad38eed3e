"""The drawings as they were read and found right, and what holds for all of them."""

from __future__ import annotations

import pytest

from goingdeep.show import loop_text, step_text
from goingdeep.show.page import NARROWEST
from goingdeep.words import cells
from tests.show.drawings import PLACE, drawings
from tests.show.loops import ALL

DRAWINGS = drawings()


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_drawing_is_as_it_was_read(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert DRAWINGS[name]() + "\n" == (PLACE / f"{name}.txt").read_text(encoding="utf-8")


def test_every_kept_drawing_is_drawn():
    assert {path.stem for path in PLACE.glob("*.txt")} == set(DRAWINGS)


@pytest.mark.parametrize("width", [1, 40, 53, 63, 64, 80, 120, 200])
@pytest.mark.parametrize("name", ALL)
def test_no_line_is_wider_than_the_terminal(record, name, width):
    folder = ALL[name](record(name))
    steps = (1, 2, 101, 256)
    texts = [loop_text(folder, width)]
    for step in steps:
        try:
            texts.append(step_text(folder, step, width))
        except ValueError as error:
            assert "there is no step" in str(error)  # noqa: PT017
    for text in texts:
        assert max(map(cells, text.split("\n"))) <= max(width, NARROWEST)
        assert all(line == line.rstrip() for line in text.split("\n"))
        assert "\n\n\n" not in text


@pytest.mark.parametrize("name", ALL)
def test_without_blocks_the_drawing_is_ascii(record, name, monkeypatch):
    folder = ALL[name](record(name))
    monkeypatch.setattr("goingdeep.show.page.draws_blocks", lambda: False)
    assert loop_text(folder, 60).isascii()
    assert loop_text(folder, 60) != ""
