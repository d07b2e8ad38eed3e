"""Whatever is written can be read; whatever is read raises nothing but our errors."""

from __future__ import annotations

import typing
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from tests import typed
from tests.property.conftest import spoiled, spoiled_json

from goingdeep.errors import GoingDeepError
from goingdeep.record import (
    Curve,
    DataFacts,
    Event,
    EventLog,
    Manifest,
    Setting,
    list_runs,
    read_blob,
    read_events,
    read_manifest,
    write_blob,
    write_manifest,
)
from goingdeep.record.events import KNOWN, Blob, Epoch, decode, encode
from goingdeep.record.manifest import Origin

quick = settings(deadline=None, max_examples=60)

text = st.text(max_size=12)
any_text = st.text(st.characters(), max_size=12)  # lone surrogates too
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**63 - 1)
blob_references = st.builds(
    Blob, hash=text, dtype=text, shape=st.lists(counts, max_size=4).map(tuple)
)


def events_with(words: st.SearchStrategy[str]) -> st.SearchStrategy[Event]:
    plain = {
        str: words,
        int: counts,
        float: numbers,
        bool: st.booleans(),
        type(None): st.none(),
        Blob: blob_references,
    }
    return st.one_of(*(typed.structs(kind, plain) for kind in typing.get_args(KNOWN)))


setting_values = text | st.booleans() | numbers | st.integers(-(2**63), 2**63 - 1)
manifests = st.builds(
    Manifest,
    name=text,
    command=st.lists(text, max_size=3).map(tuple),
    created=text,
    status=st.sampled_from(["started", "running", "interrupted", "failed", "finished"]),
    versions=st.dictionaries(text, text, max_size=2),
    machine=st.dictionaries(text, text | counts, max_size=2),
    data=st.none()
    | st.builds(
        DataFacts,
        name=text,
        source=text,
        fingerprint=text,
        counts=st.dictionaries(text, counts, max_size=3),
        image=st.tuples(counts, counts, counts),
        class_names=st.lists(text, max_size=3).map(tuple),
    ),
    settings=st.dictionaries(
        text,
        st.builds(Setting, setting_values, st.sampled_from(typing.get_args(Origin)), text),
        max_size=4,
    ),
    plan=st.dictionaries(text, counts, max_size=2),
    watched=st.booleans(),
    error=text,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("run")


@quick
@given(events_with(text))
def test_any_event_comes_back(event):
    line = encode(event)
    assert line.count(b"\n") == 1
    assert decode(line) == event


@quick
@given(events_with(any_text))
def test_any_text_can_be_written(event):
    assert type(decode(encode(event))) is type(event)


@quick
@given(st.lists(events_with(text), max_size=12))
def test_any_events_are_read_as_written(folder, events):
    (folder / "events.jsonl").unlink(missing_ok=True)
    with EventLog(folder) as log:
        for event in events:
            log.write(event)
    assert list(read_events(folder, void=True)) == events


@quick
@given(manifests)
def test_any_manifest_comes_back(folder, manifest):
    write_manifest(folder, manifest)
    back = read_manifest(folder)
    assert back == manifest
    for key, setting in manifest.settings.items():
        assert type(back.settings[key].value) is type(setting.value)


ONE_EVENT = encode(Epoch(time=1.5, step=3, epoch=1, loss=0.5, rate=0.25, scores={"test": 0.5}))
ONE_RUN = msgspec.json.encode(
    Manifest(
        name="a", command=("gd",), created="now", settings={"epochs": Setting(3, "flag")},
        data=DataFacts("a", "a", "ff", {"train": 3}, (1, 28, 28), ("x", "y")),
    )
)  # fmt: skip


@quick
@given(st.lists(spoiled_json(ONE_EVENT), max_size=4))
def test_any_bytes_in_events_are_read_and_what_is_whole_is_found(folder, damaged):
    content = b"".join(part.replace(b"\n", b"") + b"\n" + ONE_EVENT for part in damaged)
    (folder / "events.jsonl").write_bytes(content)
    found = list(read_events(folder, void=True))
    assert sum(event == decode(ONE_EVENT) for event in found) >= len(damaged)
    assert all(isinstance(event, Event) for event in read_events(folder))
    with EventLog(folder) as log:
        log.write(decode(ONE_EVENT))
    assert len(list(read_events(folder, void=True))) == len(found) + 1


@quick
@given(st.binary(max_size=300))
def test_any_bytes_at_all_in_events_are_read(folder, content):
    (folder / "events.jsonl").write_bytes(content)
    assert all(isinstance(event, Event) for event in read_events(folder))


@quick
@given(spoiled_json(ONE_RUN))
def test_any_bytes_in_run_json_are_read_or_refused(folder, content):
    place = folder / "runs" / "one"
    place.mkdir(parents=True, exist_ok=True)
    (place / "run.json").write_bytes(content)
    try:
        read = read_manifest(place)
    except GoingDeepError as error:
        assert str(error)  # noqa: PT017 - other errors are let through
        assert list_runs(place.parent) == []
    else:
        assert list_runs(place.parent) == [(place, read)]


ONE_CURVE = Curve()
ONE_CURVE.extend(1, np.arange(6.0))


@quick
@given(spoiled(ONE_CURVE.to_bytes()))
def test_any_bytes_in_a_curve_are_read_or_refused(folder, content):
    (folder / "loss.npy").write_bytes(content)
    try:
        curve = Curve.read(folder / "loss.npy")
    except GoingDeepError as error:
        assert str(error)  # noqa: PT017
    else:
        curve.extend(7, np.arange(5000.0))
        assert len(curve.table()) <= 2048


@quick
@given(
    st.lists(st.integers(1, 3000), max_size=6),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.01, 1.0]),
)
def test_a_curve_says_of_any_values_what_numpy_says(chunks, seed, wild):
    draw = np.random.default_rng(seed)
    values = draw.normal(size=sum(chunks))
    odd = draw.random(len(values)) < wild
    values[odd] = draw.choice([np.nan, np.inf, -np.inf, 0.0], odd.sum())
    curve, first = Curve(), 1
    for length in chunks:
        curve.extend(first, values[first - 1 : first - 1 + length])
        first += length
    table = curve.table()
    assert len(table) <= 2048
    assert table[:, 1].sum() == len(values)
    if not len(values):
        return
    np.testing.assert_array_equal(
        [table[:, 2].min(), table[:, 4].max()], [values.min(), values.max()]
    )
    with np.errstate(invalid="ignore"):
        mean = np.average(table[:, 3], weights=table[:, 1])
        np.testing.assert_allclose(mean, values.mean(), rtol=1e-9, atol=1e-12)


@quick
@given(
    npst.arrays(
        npst.integer_dtypes(endianness="?", sizes=(8, 16, 32, 64))
        | npst.unsigned_integer_dtypes(endianness="?", sizes=(8,))
        | npst.floating_dtypes(endianness="?", sizes=(16, 32, 64))
        | npst.boolean_dtypes(),
        npst.array_shapes(min_dims=0, min_side=0, max_side=5),
    )
)
def test_any_array_comes_back(folder, array):
    back = read_blob(folder, write_blob(folder, array))
    assert back.shape == array.shape
    np.testing.assert_array_equal(back, array)


@quick
@given(st.builds(Blob, hash=any_text, dtype=any_text, shape=st.lists(st.integers()).map(tuple)))
def test_any_reference_is_refused(folder, blob):
    with pytest.raises(GoingDeepError):
        read_blob(folder, blob)
