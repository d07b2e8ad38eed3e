"""A watcher for loaders only: collects events in memory, and patches the rows of passes.py."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

from goingdeep.watch.data.active import Fed
from goingdeep.watch.data.passes import ROWS, Passes
from goingdeep.watch.patches import Patches
from goingdeep.watch.reading.sites import Sites


class Recorder:
    def __init__(self, folder=None):
        self.folder = folder
        self.events = []
        self.gaps = []
        self.blobs = []
        self.steps = 0
        self.sites = Sites(self.event)

    def event(self, kind, **fields):
        self.events.append(kind(time=0.0, step=self.steps, **fields))

    def gap(self, what, reason):
        if (what, reason) not in self.gaps:
            self.gaps.append((what, reason))

    def blob(self, array):
        self.blobs.append(array.copy())

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


class Watcher:
    def __init__(self, folder=None):
        self.recorder = Recorder(folder)
        self.off = set()
        self.idle = False
        self.passes = Passes(self)
        self.faults = []
        self.given = []
        self._lane = SimpleNamespace(
            batch=lambda active, site, data: self.given.append(active), fed=Fed()
        )

    def lane(self):
        return self._lane

    def fault(self, where, error):
        self.faults.append((where, error))
        raise error


@contextlib.contextmanager
def watching(folder=None):
    watcher = Watcher(folder)
    patches = Patches(watcher)
    for row in ROWS:
        patches.put(row)
    try:
        yield watcher
    finally:
        patches.restore()
        watcher.passes.finish()
    assert watcher.faults == []
