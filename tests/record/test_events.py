"""One line of events.jsonl."""

from __future__ import annotations

import json
import typing

import msgspec
import pytest

from goingdeep.record.encoding import UNREADABLE
from goingdeep.record.events import KNOWN, Epoch, Failed, Finished, Unknown, decode, encode
from goingdeep.record.look import LOOK
from goingdeep.record.seen import SEEN


def test_every_known_kind_comes_back(events):
    # What a watcher writes is tested where it is written, and by the property tests.
    watched = {*typing.get_args(SEEN), *typing.get_args(LOOK)}
    assert {type(event) for event in events} == set(typing.get_args(KNOWN)) - watched
    assert [decode(encode(event)) for event in events] == events


def test_one_event_is_one_line_of_json_with_its_kind(events):
    for event in events:
        line = encode(event)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert json.loads(line)["kind"] == type(event).__struct_config__.tag


def test_kinds_have_names_of_their_own():
    tags = [kind.__struct_config__.tag for kind in typing.get_args(KNOWN)]
    assert len(set(tags)) == len(tags)
    assert "unknown" not in tags


def test_an_unknown_kind_is_kept_whole():
    line = b'{"kind":"from-the-future","time":3.5,"step":12,"rank":2,"deep":{"a":[1,null]}}'
    assert decode(line) == Unknown(
        time=3.5,
        step=12,
        rank=2,
        content={
            "kind": "from-the-future", "time": 3.5, "step": 12, "rank": 2,
            "deep": {"a": [1, None]},
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind":"finished","time":1.0}',  # a field is missing
        b'{"kind":"finished","time":1.0,"accuracy":"high","seconds":1}',  # a field of another type
        b'{"time":1.0}',  # no kind
        b"{}",
    ],
)
def test_an_object_of_another_shape_is_unknown_too(line):
    event = decode(line)
    assert isinstance(event, Unknown)
    assert event.content == json.loads(line)


@pytest.mark.parametrize(
    "place", [b'"time":"noon"', b'"time":null', b'"step":{}', b'"rank":[1]', b'"step":true']
)
def test_what_every_event_carries_may_be_of_any_type(place):
    event = decode(b'{"kind":"new",' + place + b"}")
    assert isinstance(event, Unknown)
    assert (event.time, event.rank) == (0, 0)


def test_a_newer_field_of_a_known_kind_is_left_out():
    line = b'{"kind":"finished","time":1,"accuracy":0.5,"seconds":2,"energy":7}'
    assert decode(line) == Finished(time=1.0, accuracy=0.5, seconds=2.0)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"[]", b"null", b"3", b'"text"', b"\x00" * 50, b'{"kind":"finished","time":1',
        b'{"kind":"\xff"}', b'{"kind":"x","time":' + b"9" * 400 + b"}", b'{"a":1e999}',
        b'{"kind":"x","a":' + b"[" * 100_000, b'{"kind":"\\ud800"}',
    ],
)  # fmt: skip
def test_what_is_no_event_raises_only_what_readers_expect(line):
    with pytest.raises(UNREADABLE):
        decode(line)


def test_text_that_is_no_unicode_is_written_as_its_escape():
    event = decode(encode(Failed(time=1.0, error="ImageError", message="caf\udce9.png")))
    assert event == Failed(time=1.0, error="ImageError", message="caf\\udce9.png")


def test_other_fields_survive_text_that_is_no_unicode():
    event = Epoch(time=1.0, step=4, epoch=2, loss=0.5, rate=0.25, scores={"\ud800": 0.75})
    assert decode(encode(event)) == msgspec.structs.replace(event, scores={"\\ud800": 0.75})
