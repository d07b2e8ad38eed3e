"""A kill at any moment leaves the old or the new, never a half; a refusal says what to do."""

from __future__ import annotations

import errno
import os
import pathlib
import shutil

import pytest
from tests.record.conftest import die, in_child, killed_at_line

from goingdeep.errors import DataNotFoundError, WriteError
from goingdeep.record import files
from goingdeep.record.files import TEMPORARY, remove_unfinished, whole_folder, write_atomic, writing

OLD, NEW = b"old" * 10_000, b"new" * 20_000


def leftovers(folder: pathlib.Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(TEMPORARY)]


def fill(place: pathlib.Path, content: bytes) -> None:
    with whole_folder(place) as folder:
        (folder / "one").write_bytes(content)
        (folder / "two").write_bytes(content)


def content_of(place: pathlib.Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir()}


# -------------------------------------------------------------------- files


@pytest.mark.parametrize("before", [None, OLD])
def test_a_file_is_replaced(tmp_path, before):
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    write_atomic(path, NEW)
    assert content_of(tmp_path) == {"file": NEW}


@pytest.mark.parametrize("before", [None, OLD])
def test_a_kill_at_any_line_leaves_the_old_file_or_the_new(tmp_path, before):
    path = tmp_path / "file"
    seen = []
    for line in range(1000):
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_bytes(before)
        if not killed_at_line(line, files.__file__, lambda: write_atomic(path, NEW)):
            break
        seen.append(path.read_bytes() if path.exists() else None)
        assert seen[-1] in {before, NEW}
        remove_unfinished(tmp_path)
        assert leftovers(tmp_path) == []
    assert path.read_bytes() == NEW
    assert {before, NEW} == set(seen)  # it was killed both before and after the moment


def test_a_kill_in_the_middle_of_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(OLD)

    def work() -> None:
        def half(self, mode):
            with open(self, mode, buffering=0) as file:  # noqa: PTH123 - Path.open is what we replace
                file.write(NEW[: len(NEW) // 2])
                die()

        pathlib.Path.open = half
        write_atomic(path, NEW)

    assert in_child(work) < 0
    assert path.read_bytes() == OLD
    assert len(leftovers(tmp_path)) == 1
    remove_unfinished(tmp_path)
    assert content_of(tmp_path) == {"file": OLD}


def test_a_new_file_is_synced_before_it_gets_its_name(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda _: done.append("fsync"))
    replace = pathlib.Path.replace
    monkeypatch.setattr(
        pathlib.Path, "replace", lambda self, to: (done.append("rename"), replace(self, to))[1]
    )
    write_atomic(tmp_path / "file", NEW)
    assert done == ["fsync", "rename", "fsync"]  # the last one is the folder's


@pytest.mark.parametrize(
    ("number", "why", "fix"),
    [
        (
            errno.ENOSPC,
            "the disk is full",
            "free some space (after gd train: gd resume)",
        ),
        (
            errno.EDQUOT,
            "your disk quota is used up",
            "free some space (after gd train: gd resume)",
        ),
        (errno.EROFS, "the disk is read-only", "choose another place: --out DIR"),
        (errno.EACCES, "writing is not allowed there", "choose another place: --out DIR"),
        (errno.EPERM, "writing is not allowed there", "choose another place: --out DIR"),
        (errno.ENAMETOOLONG, "the name is too long", "choose a shorter one: --out DIR"),
        (errno.ENOENT, "there is no such folder", "make the folder, or choose another place"),
        (
            errno.EFBIG,
            "a limit on file size was met",
            "raise ulimit -f (after gd train: gd resume)",
        ),
        (errno.EIO, os.strerror(errno.EIO), ""),
    ],
)
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_refusal_says_what_to_do_and_keeps_the_old_file(
    tmp_path, monkeypatch, number, why, fix, moment
):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    path = tmp_path / "run.json"
    path.write_bytes(OLD)
    monkeypatch.setattr(os if moment == "fsync" else pathlib.Path, moment, refuse)
    with pytest.raises(WriteError) as caught:
        write_atomic(path, NEW)
    lines = [f"cannot write run.json: {why}", f"  where: {tmp_path}"]
    lines += [f"  fix:   {fix}"] if fix else []
    assert str(caught.value).splitlines() == [*lines, "  more:  docs/runs.md"]
    assert content_of(tmp_path) == {"run.json": OLD}


def test_a_folder_that_is_not_there_is_our_error(tmp_path):
    with pytest.raises(WriteError, match="cannot write file: there is no such folder"):
        write_atomic(tmp_path / "nowhere" / "file", NEW)


def test_a_name_that_is_too_long_is_our_error(tmp_path):
    with pytest.raises(WriteError, match="the name is too long"):
        write_atomic(tmp_path / ("x" * 250), NEW)


def test_an_error_that_was_explained_is_not_explained_again(tmp_path):
    inner = DataNotFoundError("there is nothing at pictures/")
    with pytest.raises(DataNotFoundError) as caught, writing(tmp_path):
        raise inner
    assert caught.value is inner


def test_ctrl_c_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "file", NEW)
    assert content_of(tmp_path) == {}


# -------------------------------------------------------------------- folders


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    place = tmp_path / "deep" / "place"
    for content in (OLD, NEW):
        fill(place, content)
        assert content_of(place) == {"one": content, "two": content}
        assert [path.name for path in place.parent.iterdir()] == ["place"]


@pytest.mark.parametrize("before", [None, OLD])
def test_a_kill_at_any_line_leaves_the_old_folder_or_the_new(tmp_path, before):
    if before is not None and not can_exchange(tmp_path):
        pytest.skip("this system cannot exchange the names of two folders")
    place = tmp_path / "all" / "place"
    seen = []
    for line in range(1000):
        shutil.rmtree(place.parent, ignore_errors=True)
        place.parent.mkdir()
        if before is not None:
            fill(place, before)
        if not killed_at_line(line, files.__file__, lambda: fill(place, NEW)):
            break
        found = content_of(place) if place.exists() else None
        seen.append(found and found["one"])
        assert found in ({"one": NEW, "two": NEW}, before and {"one": before, "two": before})
        remove_unfinished(place.parent)
        assert leftovers(place.parent) == []
    assert content_of(place) == {"one": NEW, "two": NEW}
    assert {before, NEW} == set(seen)


def can_exchange(tmp_path) -> bool:
    one, other = tmp_path / "a", tmp_path / "b"
    one.mkdir()
    other.mkdir()
    return files._exchange(one, other)


def test_two_folders_change_names(tmp_path):
    if not can_exchange(tmp_path):
        pytest.skip("this system cannot exchange the names of two folders")
    one, other = tmp_path / "a", tmp_path / "b"
    (one / "x").touch()
    assert files._exchange(one, other)
    assert (list(content_of(one)), list(content_of(other))) == ([], ["x"])
    assert not files._exchange(one, tmp_path / "nowhere")


def test_an_error_inside_leaves_the_old_folder(tmp_path):
    place = tmp_path / "place"
    fill(place, OLD)

    def work() -> None:
        with whole_folder(place) as folder:
            (folder / "one").write_bytes(NEW)
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert content_of(place) == {"one": OLD, "two": OLD}
    assert leftovers(tmp_path) == []


def test_a_full_disk_inside_is_our_error(tmp_path):
    place = tmp_path / "place"
    with (
        pytest.raises(WriteError, match="cannot write place: the disk is full"),
        whole_folder(place),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_every_file_is_synced_before_the_folder_gets_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(files, "sync", synced.append)
    fill(tmp_path / "place", NEW)
    names = [path.name for path in synced]
    assert sorted(names[:2]) == ["one", "two"]
    assert names[2].startswith(TEMPORARY)
    assert synced[3] == tmp_path


# -------------------------------------------------------------------- cleaning up


def test_unfinished_work_is_removed_and_nothing_else(tmp_path):
    fill(tmp_path / "kept", NEW)
    (tmp_path / "run.json").touch()
    (tmp_path / f"{TEMPORARY}7-file").touch()
    (tmp_path / f"{TEMPORARY}7-folder").mkdir()
    (tmp_path / f"{TEMPORARY}7-folder" / "one").touch()
    remove_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "run.json"]
    assert len(content_of(tmp_path / "kept")) == 2


def test_a_link_is_not_followed(tmp_path):
    fill(tmp_path / "precious", NEW)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / f"{TEMPORARY}7-link").symlink_to(tmp_path / "precious")
    remove_unfinished(tmp_path / "run")
    assert len(content_of(tmp_path / "precious")) == 2


def test_a_folder_that_is_not_there_has_nothing_unfinished(tmp_path):
    remove_unfinished(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []
