"""A record of any size, from anybody: bounded in what is read, held and written."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from goingdeep.errors import RunFormatError
from goingdeep.record import Curve, answer, write_blob
from goingdeep.record.answer import Answer
from goingdeep.record.encoding import to_json
from goingdeep.record.event import Event
from goingdeep.record.events import encode
from goingdeep.record.look import LookBatch, LookCall, Values
from goingdeep.record.seen import Anatomy, Block, Op, Pass, Site, Steps
from goingdeep.view import limits
from goingdeep.view.curves import MOST_ROWS, thinned
from goingdeep.view.highlight import highlighted
from goingdeep.view.single import MOST_BYTES, MOST_OTHERS, whole_page
from goingdeep.view.trace import Trace
from tests.view.conftest import PAGE
from tests.view.test_single import carried


def written(folder, events: list[Event]) -> None:
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b"".join(encode(event) for event in events))


def million(going) -> list[Event]:
    """What a training of a million steps leaves: passes, stretches, close looks, in the real numbers."""
    draw = np.random.default_rng(0)
    events: list[Event] = [
        Site(time=1, id=0, file="/data/train.py", line=3, source="optimizer.step()"),
        *(Anatomy(time=1, id=n, optimizer=0, blocks=(Block((Op("step", 0),)),)) for n in range(4)),
    ]
    for n in range(4_000):
        first = 250 * n + 1
        events += [
            Steps(
                time=2 + n, step=first, optimizer=0, anatomy=n % 4, first=first, last=first, count=1
            ),
            Steps(
                time=2 + n,
                step=first + 249,
                optimizer=0,
                anatomy=3,
                first=first + 1,
                last=first + 249,
                count=249,
            ),
            Pass(
                time=2 + n,
                step=first + 249,
                id=n,
                loader=0,
                number=n,
                role="training",
                order=f"{n:032x}",
            ),
        ]
    for look in [1, 2, 3, *(1 << n for n in range(2, 20)), *range(600_000, 600_080)]:
        picture = write_blob(
            going.folder, draw.integers(0, 256, (16, 3, 32, 32), dtype=np.uint8), durable=False
        )
        events.append(LookBatch(time=3, look=look, step=look, picture=picture, sentence="a batch"))
        events += [
            LookCall(
                time=3, look=look, step=look, index=i, depth=1, model=0, module=str(i), class_name="Linear",
                outputs=(Values((64, 512), "float32", low=float(draw.random()), high=2.0),),
                histogram=tuple(draw.integers(0, 9999, 40).tolist()), sentence=f"Linear {i}",
            )
            for i in range(60)
        ]  # fmt: skip
    return events


def test_a_million_steps_are_one_small_file(going):
    written(going.folder, million(going))
    curve = Curve()
    curve.extend(1, np.random.default_rng(1).random(1_000_000))
    (going.folder / "scalars").mkdir()
    curve.write(going.folder / "scalars" / "loss.npy")
    html = whole_page(Trace(going.folder), page=PAGE).html
    assert len(html) <= MOST_BYTES
    page = carried(html)
    looks = Counter(event["look"] for event in page["events"] if event["kind"].startswith("look-"))
    assert {1, 2, 3, 4, 600_079} <= set(looks)
    assert 20 < len(looks) < 101
    assert set(looks.values()) == {61}  # each is whole, or not there
    others = [event for event in page["events"] if not event["kind"].startswith("look-")]
    assert len(others) == MOST_OTHERS
    assert any("close looks were left out" in note for note in page["manifest"]["notes"])
    assert any("events in the middle were left out" in note for note in page["manifest"]["notes"])


def test_files_larger_than_ours_are_refused(copy, monkeypatch):
    for name, bound in (
        ("run.json", "MOST_OF_RUN"),
        ("result.json", "MOST_OF_RESULT"),
        ("events.jsonl", "MOST_OF_LOG"),
    ):
        monkeypatch.setattr(limits, bound, 10)
        with pytest.raises(
            RunFormatError, match=rf"{name} has [\d,]+ bytes, a record has at most 10"
        ):
            Trace(copy)
        monkeypatch.undo()
    Trace(copy)


def test_an_event_of_a_megabyte_is_left_out(copy):
    written(copy, [Site(time=1, id=900, file="/x.py", line=1, source="x" * (1 << 20))])
    assert not any(getattr(shaped.event, "id", 0) == 900 for shaped in Trace(copy).events)


def test_answers_are_bounded(copy, monkeypatch):
    place = copy / "answers"
    place.mkdir()
    for n in range(answer.MOST + 5):
        (place / f"a{n:03}.json").write_bytes(to_json(Answer(topic=f"{n}", question="", short="")))
    large = Answer(topic="0", question="", short="x" * (1 << 19))
    (place / "a000.json").write_bytes(to_json(large))
    (place / "a001.json").write_text("{")
    (place / "a002.json").write_text("[" * 100_000)
    found = Trace(copy).manifest().answers
    assert [int(one.topic) for one in found] == list(range(3, answer.MOST))


def test_a_curve_keeps_its_extremes():
    rows = Curve()
    values = np.random.default_rng(2).random(50_000)
    values[[7, 31_234]] = [-5, 9]
    rows.extend(1, values)
    thin = thinned(rows.table())
    assert len(thin) <= MOST_ROWS
    assert (thin[:, 2].min(), thin[:, 4].max()) == (-5, 9)
    assert thin[:, 1].sum() == 50_000
    assert (thin[:, 3] * thin[:, 1]).sum() == pytest.approx(values.sum())


def test_any_text_is_highlighted_to_itself():
    draw = random.Random(3)
    pieces = [
        '"""',
        "'",
        "f'{x}'",
        "\\\n",
        "\n",
        "\t",
        "    ",
        "def f(",
        ")",
        "#",
        "é",
        "\x0c",
        "\r",
        "\u2028",
        "if x:",
        "%%watch",
        "0x",
        "1e5",
        "\x00",
        "}",
    ]
    for _ in range(400):
        text = "".join(draw.choices(pieces, k=draw.randrange(20)))
        lines = highlighted(text)
        assert ["".join(token.t for token in line) for line in lines] == text.splitlines()


def test_kinds_are_those_of_python():
    (line,) = highlighted("return f(1) + 'a'  # why")
    assert [(token.k, token.t) for token in line if token.k] == [
        ("keyword", "return"), ("name", "f"), ("operator", "("), ("number", "1"), ("operator", ")"),
        ("operator", "+"), ("string", "'a'"), ("comment", "# why"),
    ]  # fmt: skip


def test_a_string_over_lines_is_one_on_each():
    lines = highlighted('x = """one\ntwo\n"""\ny')
    assert [line[-1].k for line in lines] == ["string", "string", "string", "name"]
