"""`report.html` in a finished run: there, small, and never a reason for a run to fail."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from goingdeep import viewed
from goingdeep.record import read_manifest
from goingdeep.view import single
from goingdeep.viewed import write_report
from tests.view.conftest import train_tiny
from tests.view.test_single import carried


def test_a_finished_run_has_its_page(trained):
    path = trained / "report.html"
    assert path.stat().st_size <= single.MOST_OF_REPORT
    page = carried(path.read_text(encoding="utf-8"))
    assert page["kind"] == "embedded"
    assert page["manifest"]["state"] == "finished"
    assert page["manifest"]["run"]["status"] == "finished"
    assert any(event["kind"] == "finished" for event in page["events"])


def test_it_can_be_left_out(tmp_path):
    run = train_tiny(tmp_path / "run", report=False)
    assert not (run / "report.html").exists()


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), MemoryError(), RecursionError("deep")]
)
def test_what_goes_wrong_harms_nothing(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(single, "write_page", fail)
    run = train_tiny(tmp_path / "run")
    assert read_manifest(run).status == "finished"
    assert not (run / "report.html").exists()
    assert write_report(run).startswith(f"report.html was not written: {type(error).__name__}")


def test_a_folder_that_cannot_be_written(copy, monkeypatch):
    def full(self, mode="r", *rest, **how):
        if "w" in mode:
            raise OSError(errno.ENOSPC, "no space left on device")
        return real(self, mode, *rest, **how)

    real, before = Path.open, (copy / "report.html").read_bytes()
    monkeypatch.setattr(Path, "open", full)
    assert "the disk is full" in write_report(copy)
    monkeypatch.undo()
    assert (copy / "report.html").read_bytes() == before
    assert not list(copy.glob(".tmp-*"))


def test_it_imports_no_torch():
    import subprocess
    import sys

    script = "import sys; from goingdeep import viewed; viewed.write_report; import goingdeep.view.single, goingdeep.view.trace; assert 'torch' not in sys.modules and 'uvicorn' not in sys.modules"
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert viewed.REPORT == "report.html"
