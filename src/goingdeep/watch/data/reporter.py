"""Runs inside a DataLoader's worker process, and tells once which random numbers it will draw.

It stands in for the loader's `worker_init_fn` while the workers are made: it calls the user's own
function first, reads the states of the generators, and reads them again when the first batch is
done. It draws nothing and imports nothing that the worker has not imported already.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import sys
from collections.abc import Callable
from typing import Any

MAX_LINE = 4000
"""Bytes: appending less than a page is never mixed with another process's line."""

_CARRIED = (
    "__import__('goingdeep.watch.data.reporter', fromlist=['Reporter']).Reporter(given, path)"
    " if __import__('importlib.util', fromlist=['find_spec']).find_spec('goingdeep') else given"
)


class Reporter:
    """A `worker_init_fn` around the user's.

    Args:
        given: the user's; None where there is none.
        path: a file that exists; each worker adds its lines to it. Gone means nobody asks any more.
    """

    def __init__(self, given: Callable[[int], Any] | None, path: str) -> None:
        self.given = given
        self.path = path

    def __call__(self, worker: int) -> None:
        """Called by PyTorch in the worker, before it fetches anything."""
        if self.given is not None:
            self.given(worker)
        with contextlib.suppress(Exception):  # a fault of ours must not stop the worker
            self._tell(worker)

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker that is started anew gets the user's own function where it cannot import us.
        return eval, (_CARRIED, {"given": self.given, "path": self.path})

    def _tell(self, worker: int) -> None:
        if multiprocessing.parent_process() is None:
            return  # a worker that is a thread shares its generators with the program
        before = _states()
        _append(self.path, {"worker": worker, **before})
        queue = _results_queue()
        if queue is None:
            return
        put = queue.put

        def first_put(item: Any, *args: Any, **kwargs: Any) -> None:
            del queue.put  # the class's own is there again
            with contextlib.suppress(Exception):
                after = _states()
                moved = {name: after[name] != before[name] for name in ("numpy", "python")}
                _append(self.path, {"worker": worker, "moved": moved})
            put(item, *args, **kwargs)

        queue.put = first_put


def _results_queue() -> Any:
    """Where the loop that called us puts its batches.

    Anything nearer to the fetching would appear in the traceback of an error in it.
    """
    frame = sys._getframe(1)  # noqa: SLF001
    for _ in range(8):
        if frame.f_code.co_name == "_worker_loop":
            return frame.f_locals.get("data_queue")
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None


def _states() -> dict[str, str]:
    """Hashes of the states of PyTorch's, NumPy's and Python's global generators."""
    torch = sys.modules["torch"]
    found = {
        "torch": _digest(bytes(torch.get_rng_state().tolist())),
        "python": _digest(repr(random.getstate()).encode()),
        "numpy": "",
    }
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        found["numpy"] = _digest(repr(_plain(numpy.get_state(legacy=False))).encode())
    return found


def _plain(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in sorted(state.items())}
    return state.tobytes() if hasattr(state, "tobytes") else state


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _append(path: str, facts: dict[str, Any]) -> None:
    line = json.dumps(facts).encode() + b"\n"
    if len(line) < MAX_LINE:
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, line)
        finally:
            os.close(file)
