"""The cache: written once, opened fast, rebuilt when it is damaged, never needed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from goingdeep.data import load
from goingdeep.data.cache import open_cached, workspace
from goingdeep.data.images import DataSettings


def entry(cache) -> Path:
    (folder,) = cache.glob("folder-*")
    return folder


def damage_meta(folder):
    (folder / "meta.json").write_text("{")


def damage_size(folder):
    path = folder / "train_images.npy"
    path.write_bytes(path.read_bytes()[:-1])


def damage_header(folder):
    path = folder / "train_images.npy"
    path.write_bytes(b"?" * path.stat().st_size)


def damage_labels(folder):
    path = folder / "train_labels.npy"
    np.save(path, np.load(path) + 100)


def damage_pickle(folder):
    path = folder / "train_labels.npy"
    size = path.stat().st_size
    np.save(path, np.array([print] * 3, dtype=object), allow_pickle=True)
    path.write_bytes(path.read_bytes().ljust(size, b"\0")[:size])


def damage_missing(folder):
    (folder / "test_labels.npy").unlink()


def damage_newer(folder):
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "format": 99}))


def damage_kind(folder):
    (folder / "meta.json").write_text("[1, 2]")


DAMAGES = [
    damage_meta,
    damage_size,
    damage_header,
    damage_labels,
    damage_pickle,
    damage_missing,
    damage_newer,
    damage_kind,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_rebuilt(pictures, cache, damage):
    root = pictures("a", "b")
    first = load(root)
    expected = first.fingerprint(), np.array(first.train.images)
    del first
    folder = entry(cache)
    damage(folder)
    assert open_cached(folder.name, name="", source="", settings=DataSettings()) is None
    again = load(root)
    assert np.array_equal(again.train.images, expected[1])
    assert again.fingerprint() == expected[0]
    assert open_cached(folder.name, name="", source="", settings=DataSettings()) is not None
    assert not list(cache.glob(".tmp-*"))


def test_the_cached_fingerprint_is_the_true_one(pictures):
    root = pictures("a", "b")
    load(root)
    cached = load(root)
    assert cached.known_fingerprint
    told = cached.known_fingerprint
    object.__setattr__(cached, "known_fingerprint", "")
    assert cached.fingerprint() == told


def test_a_cache_that_cannot_be_written_is_not_needed(pictures, monkeypatch, tmp_path):
    root = pictures("a", "b")
    expected = load(root).fingerprint()
    (tmp_path / "a-file").write_text("x")
    monkeypatch.setenv("GOINGDEEP_CACHE", str(tmp_path / "a-file" / "cache"))
    data = load(root)
    assert data.fingerprint() == expected
    assert "the images are kept in memory" in data.notes[-1]


def test_a_full_disk_leaves_the_data_in_memory(pictures, monkeypatch, cache):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    data = load(pictures("a", "b"))
    assert len(data.train) + len(data.test) == 8
    assert "no space left on device" in data.notes[-1]
    assert not list(cache.iterdir())


def test_a_failure_leaves_nothing_behind(cache):
    def fail():
        with workspace("key") as space:
            space.images("train_images.npy", (2, 1, 4, 4))[:] = 1
            assert list(cache.iterdir())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not list(cache.iterdir())


def test_what_a_killed_process_left_is_swept_away_after_a_day(cache, pictures):
    old, new = cache / ".tmp-old", cache / ".tmp-new"
    old.mkdir()
    new.mkdir()
    long_ago = time.time() - 100_000
    os.utime(old, (long_ago, long_ago))
    load(pictures("a", "b"))
    assert not old.exists()
    assert new.exists()


def test_other_settings_have_an_entry_of_their_own(pictures, cache):
    root = pictures("a", "b")
    load(root)
    load(root, DataSettings(size=4))
    assert len(list(cache.glob("folder-*"))) == 2


def test_a_resized_set_is_resized_once(cache, monkeypatch):
    settings = DataSettings(size=14)
    images = np.random.default_rng(0).integers(0, 256, (8, 1, 28, 28), dtype=np.uint8)
    arrays = {"x": images, "y": [0, 1] * 4}
    first = load(arrays, settings)
    monkeypatch.setattr("goingdeep.data.resize._resize_all", None)
    assert load(arrays, settings).fingerprint() == first.fingerprint()
    assert first.shape == (1, 14, 14)
