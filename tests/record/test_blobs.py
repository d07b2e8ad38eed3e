"""Small arrays, named by their content."""

from __future__ import annotations

import numpy as np
import pytest

from goingdeep.errors import RunFormatError, WriteError
from goingdeep.record import blobs, read_blob, write_blob
from goingdeep.record.blobs import Packs
from goingdeep.record.events import Blob


@pytest.mark.parametrize("dtype", sorted(blobs._DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4), (0, 5)])
@pytest.mark.parametrize("order", "<>")
def test_every_kind_comes_back_as_little_endian(tmp_path, dtype, shape, order):
    numbers = np.random.default_rng(0).integers(0, 2, shape) * 3.0
    array = numbers.astype(np.dtype(dtype).newbyteorder(order))
    blob = write_blob(tmp_path, array)
    back = read_blob(tmp_path, blob)
    assert (blob.dtype, blob.shape, back.shape) == (dtype, shape, shape)
    assert back.dtype == np.dtype(dtype).newbyteorder("<")
    np.testing.assert_array_equal(back, array)


def test_bits_are_kept(tmp_path):
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    assert read_blob(tmp_path, write_blob(tmp_path, array)).tobytes() == array.tobytes()


def test_an_array_that_is_not_contiguous_is_written_in_its_order(tmp_path):
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4).transpose(2, 0, 1)[::2]
    np.testing.assert_array_equal(read_blob(tmp_path, write_blob(tmp_path, array)), array)


def test_equal_content_is_stored_once(tmp_path):
    array = np.arange(5, dtype=np.float32)
    first = write_blob(tmp_path, array)
    assert write_blob(tmp_path, array.astype(">f4")) == first
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == [first.hash]


@pytest.mark.parametrize(
    "array",
    [
        np.array([None]), np.array(["a"]), np.array([1j]), np.zeros(2, "u2,u4"),
        np.array(["2026-01-01"], "M8[D]"), np.zeros(blobs.MAX_BYTES + 1, np.uint8),
    ],
)  # fmt: skip
def test_what_has_no_raw_form_or_is_too_large_is_refused(tmp_path, array):
    with pytest.raises(ValueError, match="a blob holds numbers, at most 4194304 bytes; got"):
        write_blob(tmp_path, array)
    assert list(tmp_path.iterdir()) == []


def test_the_largest_that_is_allowed(tmp_path):
    array = np.arange(blobs.MAX_BYTES, dtype=np.uint8)
    np.testing.assert_array_equal(read_blob(tmp_path, write_blob(tmp_path, array)), array)


def test_a_folder_that_cannot_be_made_is_our_error(tmp_path):
    (tmp_path / "blobs").touch()
    with pytest.raises(WriteError):
        write_blob(tmp_path, np.zeros(3))


GOOD = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "blob",
    [
        Blob("../run.json", "u1", (2,)), Blob("../" + "a" * 29, "u1", (2,)),
        Blob("/etc/passwd", "u1", (2,)), Blob("", "u1", (0,)), Blob(GOOD.upper(), "u1", (2,)),
        Blob(GOOD + "\n", "u1", (2,)), Blob(GOOD + "0", "u1", (2,)), Blob("run.json\0", "u1", (2,)),
        Blob(GOOD, "O", (2,)), Blob(GOOD, "u1,u1", (2,)), Blob(GOOD, "V8", (2,)),
        Blob(GOOD, "", (2,)), Blob(GOOD, "u1", (-1,)), Blob(GOOD, "u1", (-1, -2)),
        Blob(GOOD, "u1", (2**63,)), Blob(GOOD, "u1", (0, 2**80)), Blob(GOOD, "u1", (1,) * 65),
        Blob(GOOD, "u1", (2**32, 2**32)),
    ],
)  # fmt: skip
def test_a_reference_that_is_not_ours_is_refused(tmp_path, blob):
    (tmp_path / "run.json").write_bytes(b"{}")
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / GOOD).write_bytes(b"")
    with pytest.raises(RunFormatError, match="a blob's reference is not valid"):
        read_blob(tmp_path, blob)


def test_a_shape_larger_than_any_blob_is_refused_without_reading(tmp_path):
    with pytest.raises(RunFormatError, match="missing or damaged"):
        read_blob(tmp_path, Blob(GOOD, "f8", (1 << 20, 1 << 20)))


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[::-1]])
def test_a_file_that_is_not_what_was_written_is_refused(tmp_path, damage):
    blob = write_blob(tmp_path, np.arange(9, dtype=np.int16))
    path = tmp_path / "blobs" / blob.hash
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RunFormatError) as caught:
        read_blob(tmp_path, blob)
    assert str(caught.value) == (
        f"blob {blob.hash} is missing or damaged\n  where: {tmp_path / 'blobs'}"
    )


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RunFormatError, match="missing or damaged"):
        read_blob(tmp_path, Blob(GOOD, "u1", (0,)))


# ---------------------------------------------------------------------------------- many in a file


@pytest.mark.parametrize("dtype", sorted(blobs._DTYPES))
def test_every_array_of_a_pack_comes_back(tmp_path, dtype):
    arrays = [np.arange(n, dtype=np.dtype(dtype)).reshape(-1, 1) for n in (1, 0, 2, 1)]
    packs = Packs(tmp_path)
    kept = [packs.put(array) for array in arrays]
    packs.flush()
    for blob, array in zip(kept, arrays, strict=True):  # while it is still open
        np.testing.assert_array_equal(read_blob(tmp_path, blob), array)
        assert read_blob(tmp_path, blob).shape == array.shape
    packs.close()
    assert kept[0] == kept[3]  # equal content is stored once
    (file,) = (tmp_path / "blobs").iterdir()
    assert file.stat().st_size == 3 * np.dtype(dtype).itemsize


def test_a_pack_is_never_written_over(tmp_path, monkeypatch):
    monkeypatch.setattr(blobs, "PACK_BYTES", 10)
    places = []
    for rank in (0, 0, 3):  # a program, the same one resumed, another process
        packs = Packs(tmp_path, rank)
        places += [(packs.put(array), array) for array in np.arange(12.0).reshape(4, 3) + rank]
        packs.flush()
        packs.close()
    for blob, array in places:
        np.testing.assert_array_equal(read_blob(tmp_path, blob), array)
    names = {path.name for path in (tmp_path / "blobs").iterdir()}
    assert {"pack-0-0", "pack-0-7", "pack-3-0"} <= names
    assert len(names) == 12


def test_a_disk_that_takes_only_a_part_is_our_error(tmp_path, monkeypatch):
    packs = Packs(tmp_path)
    packs.put(np.zeros(3))
    monkeypatch.setattr(blobs.os, "write", lambda file, content: 1)
    packs.put(np.ones(3))
    with pytest.raises(WriteError, match="the disk is full"):
        packs.flush()


@pytest.mark.parametrize(
    ("pack", "at"),
    [
        ("../run.json", 0), ("/etc/passwd", 0), ("pack-0-0/..", 0), ("pack-0-0\n", 0), ("pack-0", 0),
        ("pack-0-1", 0), ("pack-0-0", -1), ("pack-0-0", 1), ("pack-0-0", 2**63), ("pack-0-0", 2**70),
    ],
)  # fmt: skip
def test_a_place_that_is_none_of_ours_is_not_read(tmp_path, pack, at):
    packs = Packs(tmp_path)
    blob = packs.put(np.arange(4, dtype=np.uint8))
    packs.flush()
    packs.close()
    with pytest.raises(RunFormatError):
        read_blob(tmp_path, Blob(blob.hash, "u1", (4,), pack, at))
