"""Worker processes: what they say of their random numbers, and that asking changes nothing."""

from __future__ import annotations

import gc
import hashlib
import os
import pickle
import random
from importlib import util
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.watch.drawing import Broken, Flow, Noise, no_numbers, same_numbers
from tests.watch.loading import watching
from torch.utils.data import DataLoader
from torch.utils.data._utils.worker import _generate_state

from goingdeep.record.seen import Pass, Worker
from goingdeep.watch.data import workers
from goingdeep.watch.data.reporter import Reporter, _plain


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    # How long PyTorch waits for workers that it has just told to end.
    monkeypatch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 0.5)


def digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def walked(loader, folder, times=1):
    with watching(folder) as watcher:
        batches = [batch for _ in range(times) for batch in loader]
    return watcher, batches


def told(watcher) -> list[Worker]:
    return watcher.recorder.of(Worker)


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# -------------------------------------------------------------------- what they say


def test_each_worker_tells_the_states_that_pytorch_gave_it(tmp_path):
    watcher, _ = walked(DataLoader(Noise(), 2, num_workers=2), tmp_path)
    (seed,) = (event.seed for event in watcher.recorder.of(Pass))
    found = told(watcher)
    assert [(event.loader, event.number, event.worker) for event in found] == [(0, 1, 0), (0, 1, 1)]
    for event in found:
        own = seed + event.worker
        by_torch = torch.Generator().manual_seed(own).get_state()
        by_numpy = np.random.RandomState(_generate_state(seed, event.worker))
        assert event.torch == digest(bytes(by_torch.tolist()))
        assert event.python == digest(repr(random.Random(own).getstate()).encode())
        assert event.numpy == digest(repr(_plain(by_numpy.get_state(legacy=False))).encode())
    assert left_over(tmp_path) == []


def test_states_are_those_after_the_function_of_the_user(tmp_path):
    loader = DataLoader(Noise(), 2, num_workers=2, worker_init_fn=same_numbers)
    one, two = told(walked(loader, tmp_path)[0])
    assert one.numpy == two.numpy
    assert one.python != two.python
    assert one.torch != two.torch


@pytest.mark.parametrize(
    ("sources", "numpy", "python"),
    [((), False, False), (("torch",), False, False), (("numpy",), True, False), (("python",), False, True)],
)  # fmt: skip
def test_what_the_dataset_draws_from_is_told(tmp_path, sources, numpy, python):
    watcher, _ = walked(DataLoader(Noise(*sources), 2, num_workers=2), tmp_path)
    assert [(e.numpy_used, e.python_used) for e in told(watcher)] == [(numpy, python)] * 2


def test_streams_are_asked_too(tmp_path):
    found = told(walked(DataLoader(Flow(), 2, num_workers=2), tmp_path)[0])
    assert [event.numpy_used for event in found] == [True, True]


def test_workers_without_work_tell_their_states(tmp_path):
    found = told(walked(DataLoader(Noise("numpy", length=2), 2, num_workers=2), tmp_path)[0])
    assert [event.numpy_used for event in found] == [True, False]
    assert all(event.torch for event in found)


def test_each_pass_has_its_own_workers_and_the_first_passes_are_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "MAX_PASSES", 2)
    watcher, _ = walked(DataLoader(Noise(), 6, num_workers=1), tmp_path, times=3)
    assert [event.number for event in told(watcher)] == [1, 2]
    assert left_over(tmp_path) == []


def test_persistent_workers_are_asked_once(tmp_path):
    loader = DataLoader(Noise(), 6, num_workers=1, persistent_workers=True)
    watcher, _ = walked(loader, tmp_path, times=3)
    assert [event.number for event in told(watcher)] == [1]
    del loader
    gc.collect()


def test_a_pass_that_is_given_up_leaves_no_file(tmp_path):
    with watching(tmp_path) as watcher:
        iterator = iter(DataLoader(Noise(), 2, num_workers=1))
        next(iterator)
        del iterator
        unused = iter(DataLoader(Noise(), 2, num_workers=1))
        assert len(left_over(tmp_path)) == 1
        del unused
    assert len(told(watcher)) == 1
    assert left_over(tmp_path) == []


def test_what_is_no_line_of_theirs_is_left_out(tmp_path):
    with watching(tmp_path) as watcher:
        path = tmp_path / "report"
        path.write_bytes(b'{"worker": 1, "torch": "a"}\n{"worker": "x"}\n[]\n\xff\n{"wor')
        workers.tell(watcher.recorder, str(path), 3, 4)
        workers.tell(watcher.recorder, str(path), 3, 4)
    assert [(event.loader, event.number, event.worker) for event in told(watcher)] == [(3, 4, 1)]


# -------------------------------------------------------------------- nothing changes


def batches_of(context: str, *, init=None) -> list[torch.Tensor]:
    torch.manual_seed(7)
    loader = DataLoader(
        Noise("torch", "numpy", "python"), 2, shuffle=True, num_workers=2,
        multiprocessing_context=context, worker_init_fn=init,
    )  # fmt: skip
    return list(loader)


@pytest.mark.parametrize(
    ("context", "init"), [("fork", None), ("fork", same_numbers), ("spawn", same_numbers)]
)
def test_batches_are_the_same_bit_for_bit(tmp_path, context, init):
    # How a process is started has no part in what it draws.
    without = batches_of("fork", init=init)
    state = torch.get_rng_state()
    with watching(tmp_path) as watcher:
        within = batches_of(context, init=init)
    assert len(told(watcher)) == 2
    assert all(event.numpy_used and event.python_used for event in told(watcher))
    assert len(within) == len(without) == 6
    assert all(map(torch.equal, without, within))
    assert torch.equal(torch.get_rng_state(), state)


def test_loader_and_iterator_have_the_function_of_the_user(tmp_path):
    loader = DataLoader(Noise(), 2, num_workers=1, worker_init_fn=same_numbers)
    with watching(tmp_path):
        iterator = iter(loader)
        assert loader.worker_init_fn is same_numbers
        assert iterator._worker_init_fn is same_numbers
        list(iterator)


def error_of(loader) -> str:
    with pytest.raises(ValueError, match="worker") as raised:
        list(loader)
    return str(raised.value)


def test_an_error_in_a_dataset_reads_as_always(tmp_path):
    loader = DataLoader(Broken(), 2, num_workers=1)
    without = error_of(loader)
    with watching(tmp_path) as watcher:
        assert error_of(loader) == without
    assert [event.complete for event in watcher.recorder.of(Pass)] == []
    assert left_over(tmp_path) == []


def test_an_error_in_the_function_of_the_user_is_raised(tmp_path):
    loader = DataLoader(Noise(), 2, num_workers=1, worker_init_fn=no_numbers)
    with watching(tmp_path):
        assert "no_numbers" in error_of(loader)
    assert loader.worker_init_fn is no_numbers


def test_workers_that_cannot_start_leave_everything_as_it_was(tmp_path):
    function = lambda worker: None  # noqa: E731 - cannot be pickled
    loader = DataLoader(
        Noise(), 2, num_workers=1, worker_init_fn=function, multiprocessing_context="spawn"
    )

    def failure():
        with (
            pytest.warns(UserWarning, match="pickle"),
            pytest.raises((pickle.PicklingError, AttributeError)) as raised,
        ):
            iter(loader)
        return raised.type

    without = failure()
    with watching(tmp_path):
        assert failure() is without
        assert loader.worker_init_fn is function
        assert left_over(tmp_path) == []


class Property(DataLoader):
    """Answers for its function itself."""

    @property
    def worker_init_fn(self):
        return same_numbers

    @worker_init_fn.setter
    def worker_init_fn(self, value):
        pass


def test_a_loader_that_answers_for_itself_is_left_alone(tmp_path):
    watcher, _ = walked(Property(Noise(), 6, num_workers=1), tmp_path)
    assert told(watcher) == []
    assert len(watcher.recorder.of(Pass)) == 1


@pytest.mark.parametrize("folder", [None, "missing"])
def test_without_a_place_to_report_to_nobody_is_asked(tmp_path, folder):
    place = tmp_path / folder if folder else None
    watcher, batches = walked(DataLoader(Noise(), 6, num_workers=1), place)
    assert told(watcher) == []
    assert len(batches) == 2


def test_a_report_that_nobody_waits_for_is_not_written(tmp_path):
    loader = DataLoader(Noise(), 6, num_workers=1)
    with watching(tmp_path) as watcher:
        iterator = iter(loader)
        for path in tmp_path.iterdir():
            path.unlink()
        list(iterator)
    assert left_over(tmp_path) == []
    assert len(watcher.recorder.of(Pass)) == 1


# -------------------------------------------------------------------- a process that starts anew


def test_where_we_cannot_be_imported_the_worker_has_the_function_of_the_user(monkeypatch):
    carried = pickle.dumps(Reporter(same_numbers, "path"))
    again = pickle.loads(carried)
    assert (type(again), again.given, again.path) == (Reporter, same_numbers, "path")
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "goingdeep" else find(name))
    assert pickle.loads(carried) is same_numbers
    assert pickle.loads(pickle.dumps(Reporter(None, "path"))) is None


def test_the_reporter_needs_nothing_but_the_standard_library():
    import ast

    tree = ast.parse(Path(Reporter.__call__.__code__.co_filename).read_text(encoding="utf-8"))
    imported = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    allowed = {"contextlib", "hashlib", "json", "multiprocessing", "os", "random", "sys"}
    assert imported <= allowed | {"__future__", "collections.abc", "typing"}


def test_in_the_program_itself_it_only_calls_the_function_of_the_user(tmp_path):
    path = tmp_path / "report"
    path.touch()
    called = []
    Reporter(called.append, str(path))(3)
    assert called == [3]
    assert path.read_bytes() == b""
    assert os.getpid()
