"""Between two close looks the watcher waits for nothing: a wait leaves the GPU idle on every step."""

from __future__ import annotations

import contextlib
import gc
import warnings

import pytest
import torch

from goingdeep.record.log import EventLog
from goingdeep.watch.watcher import Watcher
from tests.gpu.stepping import LOOPS, Training

FIRST, LAST = 70, 120
"""Steps between the looks at 64 and at 128; a gradient that is left over is read at 64 for the last time."""


def waits(step, count: int) -> list[str]:
    """Where the program waited for the GPU from step `FIRST` to step `LAST`."""
    found: list[str] = []
    for i in range(1, count + 1):
        if i == FIRST:
            torch.cuda.synchronize()
            torch.cuda.set_sync_debug_mode("warn")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            step(i)
        found += [f"{w.filename}:{w.lineno}" for w in caught if "synchroniz" in str(w.message)]
        if i == LAST:
            torch.cuda.set_sync_debug_mode("default")
    return found


@contextlib.contextmanager
def watching(folder):
    folder.mkdir()
    with EventLog(folder) as log:
        watcher = Watcher(folder, log)
        watcher.start()
        try:
            yield watcher
        finally:
            watcher.stop()
            torch.cuda.set_sync_debug_mode("default")
    assert watcher.recorder.gaps == []


@pytest.mark.parametrize("name", LOOPS)
def test_no_step_waits_because_it_is_watched(tmp_path, name):
    bare = waits(getattr(Training("cuda"), name), LAST)
    with watching(tmp_path / "run") as watcher:
        found = waits(getattr(Training("cuda"), name), LAST)
        steps = watcher.recorder.steps
    assert steps >= (LAST if name != "scaled" else LAST - 20)
    assert found == bare


def test_a_wait_would_be_noticed():
    training = Training("cuda")
    assert len(waits(lambda i: (training.plain(i), training.total.item()), LAST)) >= LAST - FIRST


def test_no_memory_of_the_gpu_is_kept(tmp_path):
    """Losses that are not read yet are: at most 256 of a curve and of a pass, 512 bytes each."""
    taken = []
    for watched in (False, True):
        training = Training("cuda")
        with watching(tmp_path / "run") if watched else contextlib.nullcontext():
            for i in range(130):
                training.plain(i)
            before = torch.cuda.memory_allocated()
            for i in range(600):
                training.plain(i)
            taken.append(torch.cuda.memory_allocated() - before)
        del training
    assert taken[0] == 0
    assert abs(taken[1]) <= 512 * 512


def test_after_the_watch_nothing_is_left_on_the_gpu(tmp_path):
    Training("cuda").plain(0)  # cuBLAS keeps a workspace from its first use on
    gc.collect()
    before = torch.cuda.memory_allocated()
    training = Training("cuda")
    with watching(tmp_path / "run"):
        for i in range(40):
            training.plain(i)
    del training
    gc.collect()
    assert torch.cuda.memory_allocated() == before
