"""A watcher with nothing in it but what the part under test asks of it."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import torch

from goingdeep.record.event import Event
from goingdeep.watch.patches import Patches

LIBRARIES = (
    str(Path(torch.__file__).parent),
    str(Path(sys.modules["goingdeep"].__file__).parent / "watch"),
    __file__,
)


class Recorder:
    """Keeps events instead of writing them. A site is the line in the test's own file."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.gaps: list[tuple[str, str]] = []
        self.steps = 0

    def event(self, kind: type[Event], **fields) -> None:
        self.events.append(kind(time=0.0, step=self.steps, rank=0, **fields))

    def gap(self, what: str, reason: str) -> None:
        self.gaps.append((what, reason))

    def site(self) -> int:
        frame = sys._getframe(1)
        while frame.f_code.co_filename.startswith(LIBRARIES):
            frame = frame.f_back
        return frame.f_lineno

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if type(event) is kind]


class Watcher:
    """Models and optimizers are numbered as the test names them."""

    def __init__(self, *, models=(), optimizers=(), schedulers=()) -> None:
        self.recorder = Recorder()
        self.off: set[str] = set()
        self.lanes: list[object] = []
        self.gradients_lock = threading.RLock()
        self.idle = False
        self.operations: list[tuple] = []
        self.faults: list[BaseException] = []
        self.known = list(models)
        self.updating = list(optimizers)
        self.models = SimpleNamespace(
            number=lambda module: next(
                (
                    i
                    for i, model in enumerate(self.known)
                    if any(module is m for m in model.modules())
                ),
                -1,
            ),
            roots=lambda: iter(enumerate(self.known)),
        )
        self.optimizers = SimpleNamespace(
            number=lambda optimizer: next(
                (i for i, known in enumerate(self.updating) if known is optimizer), -1
            ),
            owns=lambda parameters: any(
                mine is wanted
                for optimizer in self.updating
                for group in optimizer.param_groups
                for mine in group["params"]
                for wanted in parameters
            ),
            scheduler=list(schedulers).index,
        )
        self.patches = Patches(self)

    def lane(self):
        return SimpleNamespace(add=self.operations.append)

    def fault(self, where: str, error: BaseException) -> None:
        self.faults.append(error)
        raise AssertionError(where) from error

    @contextlib.contextmanager
    def paused(self):
        before, self.idle = self.idle, True
        try:
            yield
        finally:
            self.idle = before
