"""A disk that is full, read-only or not ours: five lines, and nothing of a run is lost."""

from __future__ import annotations

import errno
import json
import os

import pytest

from goingdeep.record import read_manifest
from tests.cli.conftest import PLAIN, tree, weights

RUN = ("train", "tiny.npz", *PLAIN, "--model", "mlp", "--epochs", "2", "--set", "threads=1")


@pytest.mark.parametrize("words", [(), ("--out", "run"), ("--out", "deep/er/run")], ids=str)
@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.EROFS, "the disk is read-only"), (errno.EACCES, "writing is not allowed there")],
)
def test_a_place_where_nothing_can_be_made(gd, home, tiny, monkeypatch, number, why, words):
    """root may write anywhere: the system's answer is given in its place."""

    def refused(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    before = tree(home)
    monkeypatch.setattr(os, "mkdir", refused)
    assert gd(*RUN, *words).is_error(why, fix="--out DIR")
    monkeypatch.undo()
    monkeypatch.chdir(home)
    assert tree(home) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(gd, home, tiny):
    home.chmod(0o555)
    try:
        assert gd(*RUN).is_error("writing is not allowed there", fix="--out DIR")
    finally:
        home.chmod(0o755)
    assert not (home / "runs").exists()


@pytest.mark.parametrize("limit", [600, 2000])
def test_no_room_for_the_beginning_leaves_no_run(process, home, tiny, limit):
    before = tree(home)
    outcome = process(*RUN, file_limit=limit)
    assert outcome.is_error("a limit on file size was met")
    assert {k: v for k, v in tree(home).items() if k not in {"out.txt", "err.txt"}} == before


def test_no_room_for_a_checkpoint(process, gd, home, tiny):
    """The run ends, what is written stays readable, and it goes on to the same bits."""
    assert gd(*RUN, "--out", "unbroken").code == 0
    outcome = process(*RUN, "--out", "runs/run", file_limit=200_000)
    assert outcome.code == 2
    assert outcome.first.startswith("WriteError: cannot write step-0000000")
    assert "a limit on file size was met" in outcome.first
    assert "(after gd train: gd resume)" in outcome.err
    assert "Traceback" not in outcome.err
    assert read_manifest(home / "runs" / "run").status == "failed"
    assert json.loads(gd("runs", "--json").out)[0]["status"] == "failed"
    assert not list((home / "runs" / "run").rglob(".tmp-*"))
    assert gd("resume").code == 0
    assert weights("runs/run") == weights("unbroken")


@pytest.mark.parametrize("at", range(1, 30, 4))
def test_a_disk_that_is_full_at_any_moment(gd, home, tiny, monkeypatch, at):
    """From the n-th file on nothing can be written any more, the last words of the run included."""
    assert gd(*RUN, "--out", "unbroken").code == 0
    calls = 0

    def full(descriptor, *_):
        nonlocal calls
        calls += 1
        if calls >= at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    outcome = gd(*RUN, "--out", "run")
    assert outcome.code == 2
    assert "the disk is full" in outcome.first
    assert "free some space" in outcome.err
    assert "Traceback" not in outcome.err
    monkeypatch.undo()
    monkeypatch.chdir(home)
    if (home / "run").exists():
        assert gd("resume", "run").code == 0
        assert weights("run") == weights("unbroken")
    else:
        assert gd(*RUN, "--out", "run").code == 0


def test_a_script_that_does_not_fit_leaves_no_half(process, done, home):
    outcome = process("eject", "done", "--output", "script.py", file_limit=1000)
    assert outcome.is_error("cannot write script.py", fix="--output FILE")
    assert not (home / "script.py").exists()
