"""Answers as text and as HTML, whatever is in them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goingdeep.record.answer import (
    Answer,
    ClaimFound,
    Curve,
    Failure,
    Figure,
    Picture,
    Place,
    Reading,
    Table,
    Text,
)
from goingdeep.record.encoding import to_json
from goingdeep.show.answer import answer_text
from goingdeep.show.answer_html import answer_html

EVIL = "</pre><script>alert(1)</script>\x1b[31m\udce9\" onload='x'"


def answer(text: str, values=(1.0, "nan", None, "inf", -1e308, 1e308)) -> Answer:
    blocks = (
        Text(text), Text(text, code=True), Table(text, (text, text), ((text, text),), "lr", text),
        Figure(text, (Curve(text, tuple(values)),), text, text, tuple(map(float, range(len(values)))), note=text),
        Figure(text, (Curve(text, ("nan",)),), log=True),
        Picture(text, (1, 1, 2, 2), bytes([0, 80, 160, 255]), (text,), text),
        Picture(text, (2, 3, 9, 9), b"too short"),
        Failure(text, text, text, text),
    )  # fmt: skip
    return Answer(
        topic=text, question=text, short=text, run=text, replayed=3, step=1, replay=text,
        see=blocks, broken=blocks, claims=(ClaimFound(text, "half true", text, {text: text}),),
        places=(Place(text, text, 7, text),), sources=(Reading(text, text), Reading(text, f"https://a/{text}")),
        read_next=(text,),
    )  # fmt: skip


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in {"href", "src"}]


SAFE = {
    "div", "p", "h3", "h4", "b", "br", "pre", "code", "small", "table", "caption", "tr", "th", "td",
    "svg", "text", "polyline", "rect", "title", "img", "a",
}  # fmt: skip


@pytest.mark.parametrize("width", [40, 80, 140])
def test_hostile_text_in_a_terminal(width):
    lines = answer_text(answer(EVIL), width).splitlines()
    url = re.compile(r"^ {10}\S")  # addresses are not broken
    assert all(len(line) <= width or url.match(line) for line in lines)
    assert "\x1b" not in "".join(lines)
    "".join(lines).encode("utf-8")


def test_hostile_text_in_a_notebook():
    html = answer_html(answer(EVIL), EVIL)
    tags = Tags()
    tags.feed(html)
    assert tags.seen <= SAFE
    assert not {name for name in tags.attributes if name.startswith("on") or name == "style"}
    assert all(re.match(r"https://|data:image/png;base64,", link) for link in tags.links)
    assert "\x1b" not in html
    html.encode("utf-8")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.text(max_size=60),
    st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=5)), min_size=1, max_size=90),
)
def test_any_answer_is_shown(text, values):
    values = [v if isinstance(v, str | None) or v - v == 0 else str(v) for v in values]
    found = answer(text, values)
    assert answer_text(found, 60)
    assert answer_html(found)
    to_json(found)


def test_a_curve_is_drawn_where_its_values_are():
    rising = Figure(
        "f", (Curve("up", (0.0, 1.0, 2.0)), Curve("flat", (0.0, 0.0, 0.0))), xs=(1.0, 2.0, 3.0)
    )
    found = Answer(topic="t", question="q?", short="s", replayed=1, replay="r", see=(rising,))
    lines = answer_text(found, 80).splitlines()
    top = next(line for line in lines if line.strip().startswith("2 |"))
    low = next(line for line in lines if line.strip().startswith("0 |"))
    assert (top.split("|")[1], low.split("|")[1]) == ("  •", "xxx")
    points = re.findall(r'points="([^"]*)"', answer_html(found))
    ys = [float(pair.split(",")[1]) for pair in points[0].split()]
    assert ys == sorted(ys, reverse=True)
    assert len(ys) == 3


def test_a_value_that_is_not_finite_is_shown():
    figure = Figure("f", (Curve("bad", (1.0, "nan", "inf", None)),), xs=(1.0, 2.0, 3.0, 4.0))
    found = Answer(topic="t", question="q?", short="s", see=(figure,))
    assert "!!" in answer_text(found, 80)
    assert answer_html(found).count(">!<") == 2


def test_what_does_not_apply_is_one_sentence():
    found = Answer(topic="t", question="q?", short="s.", applies=False, says="It is about classes.")
    assert answer_text(found, 80).split("\n\n") == ["q?", "  s.", "  It is about classes."]
    assert msgspec.json.decode(to_json(found), type=Answer) == found
