"""Curves: any number of steps in bounded space, nothing sampled away."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from goingdeep.errors import RunFormatError
from goingdeep.record import Curve, scalars
from goingdeep.record.scalars import BUCKETS


def curve_of(values, chunk: int = 64, curve: Curve | None = None, first: int = 1) -> Curve:
    curve = Curve() if curve is None else curve
    for start in range(0, len(values), chunk):
        curve.extend(first + start, values[start : start + chunk])
    return curve


def by_hand(values: np.ndarray, width: int) -> np.ndarray:
    """The same table from all values at once."""
    rows = []
    for start in range(0, len(values), width):
        part = values[start : start + width]
        rows.append([start + 1, len(part), part.min(), part.mean(), part.max()])
    return np.array(rows)


@pytest.mark.parametrize("count", [0, 1, 2, BUCKETS - 1, BUCKETS])
def test_a_short_curve_is_every_value(count):
    values = np.random.default_rng(count).normal(size=count)
    steps = np.arange(1, count + 1)
    expected = np.column_stack([steps, np.ones(count), values, values, values])
    np.testing.assert_array_equal(curve_of(values).table(), expected)


@pytest.mark.parametrize("count", [BUCKETS + 1, 5000, 8192, 8193, 100_000])
@pytest.mark.parametrize("chunk", [64, 7, 50_000])
def test_against_numpy(count, chunk):
    values = np.random.default_rng(count).normal(2, 1, count)
    width = 2 ** int(np.ceil(np.log2(count / BUCKETS)))
    table = curve_of(values, chunk).table()
    expected = by_hand(values, width)
    assert len(table) <= BUCKETS
    np.testing.assert_array_equal(table[:, [0, 1, 2, 4]], expected[:, [0, 1, 2, 4]])
    np.testing.assert_allclose(table[:, 3], expected[:, 3], rtol=1e-12)


def test_a_single_spike_stays_visible():
    values = np.full(300_000, 0.5)
    values[123_456] = 99.0
    table = curve_of(values, 1000).table()
    row = table[np.searchsorted(table[:, 0], 123_457, side="right") - 1]
    assert row[4] == 99.0
    assert (table[:, 4] == 99.0).sum() == 1


def test_nan_and_infinity_are_kept():
    values = np.ones(10_000)
    values[[5, 6]] = np.inf, -np.inf
    values[5000] = np.nan
    values[9000] = np.inf
    table = curve_of(values).table()
    assert table[:, 1].sum() == 10_000
    assert np.nanmin(table[:, 2]) == -np.inf
    assert np.nanmax(table[:, 4]) == np.inf
    # One bucket with +inf and -inf, one with NaN: their means are no number.
    assert np.isnan(table[:, 3]).sum() == 2
    assert np.isnan(table[:, 2]).sum() == np.isnan(table[:, 4]).sum() == 1
    assert (table[:, 3] == np.inf).sum() == 1


def test_ten_million_steps_stay_small():
    curve = Curve()
    block = np.random.default_rng(0).random(100_000)
    for start in range(0, 10_000_000, 100_000):
        curve.extend(1 + start, block)
    table = curve.table()
    assert len(curve.to_bytes()) < 200_000
    assert table[:, 1].sum() == 10_000_000
    assert (table[:, 2].min(), table[:, 4].max()) == (block.min(), block.max())
    assert np.average(table[:, 3], weights=table[:, 1]) == pytest.approx(block.mean(), rel=1e-12)


def test_work_of_a_call_does_not_grow_with_the_run(monkeypatch):
    """However long the run: a call sees the buckets there are and the new values, no more."""
    curve = curve_of(np.zeros(1_000_000), 100_000)
    seen = []
    join = scalars._join
    monkeypatch.setattr(
        scalars, "_join", lambda rows, w: (seen.append(len(rows)), join(rows, w))[1]
    )
    curve.extend(1_000_001, np.zeros(64))
    assert len(seen) == 1
    assert seen[0] <= BUCKETS + 64


@pytest.mark.parametrize("count", [1, 2000, 2048, 2049, 4096, 4097, 30_000, 65_536])
def test_a_curve_that_was_written_goes_on_as_one_that_was_not(tmp_path, count):
    values = np.random.default_rng(count).normal(size=2 * count)
    unbroken = curve_of(values[:count])
    unbroken.write(tmp_path / "loss.npy")
    read = Curve.read(tmp_path / "loss.npy")
    assert read.to_bytes() == unbroken.to_bytes()
    curve_of(values[count:], 64, read, count + 1)
    curve_of(values[count:], 64, unbroken, count + 1)
    assert read.to_bytes() == unbroken.to_bytes()


def test_the_file_is_a_plain_npy(tmp_path):
    curve = curve_of(np.arange(5.0))
    curve.write(tmp_path / "loss.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "loss.npy"), curve.table())


def test_the_table_is_a_copy():
    curve = curve_of(np.arange(5.0))
    curve.table()[:] = 7
    assert curve.table()[4, 3] == 4.0


def test_a_missing_file_is_an_empty_curve(tmp_path):
    assert len(Curve.read(tmp_path / "loss.npy").table()) == 0


def saved(array: np.ndarray, *, pickles: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=pickles)
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.npy", saved(np.zeros((1, 5))))
    return buffer.getvalue()


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


ROW = [1.0, 1.0, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x93NUMPY", b"text", saved(np.ones((3, 5)))[:-1], zipped(), zipped()[:20],
        saved(np.array([[print] * 5], dtype=object), pickles=True),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 5)}\n"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 5)}\n"),
        header("(" * 9000), header("{'descr': print, 'shape': 3}\n"), header("\x00\n"),
        saved(np.ones(5)), saved(np.ones((3, 4))), saved(np.ones((3, 5), np.float32)),
        saved(np.ones((3, 5), "U3")), saved(np.ones((3, 5), complex)), saved(np.float64(3)),
        saved(np.array([ROW] * 2)), saved(np.ones((BUCKETS + 1, 5)).cumsum(0)),
        saved(np.array([[1, np.inf, 0, 0, 0]])), saved(np.array([[1, np.nan, 0, 0, 0]])),
        saved(np.array([[np.nan, 1, 0, 0, 0]])), saved(np.array([[1, 0.0, 0, 0, 0]])),
        saved(np.array([[2, 1.0, 0, 0, 0], ROW])),
    ],
    ids=len,  # a zip holds the time, and two processes must collect the same names
)  # fmt: skip
def test_a_file_that_is_no_curve_is_our_error(tmp_path, content):
    (tmp_path / "loss.npy").write_bytes(content)
    with pytest.raises(RunFormatError, match=r"loss\.npy is (damaged|not a curve)") as caught:
        Curve.read(tmp_path / "loss.npy")
    assert caught.value.where == str(tmp_path)
