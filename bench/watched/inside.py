"""One process that trains watched and unwatched by turns: what the watcher costs, more exactly.

First the memory that the watcher takes in 2,000 steps, and in as many again; the close looks of
these steps are timed. Then epochs by turns, where close looks are off: in a long run they are rare,
but every new watcher would begin with eleven of them.
"""

import gc
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

import subject
import torch
from torch import nn

MEMORY_STEPS = 2_000
PAGE = os.sysconf("SC_PAGE_SIZE")


class Training:
    """The loop of plain.py; each call goes on where the last one ended."""

    def __init__(self, args) -> None:
        self.device = torch.device(args.device)
        self.loader, _ = subject.loaders(args)
        self.model = subject.network(args.model).to(self.device)
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=subject.RATE)

    def epoch(self) -> list[float]:
        """Train one epoch; returns the seconds of each step, from one batch to the next."""
        clock = time.perf_counter
        times = [clock()]
        for images, labels in self.batches():
            loss = self.loss_fn(self.model(images), labels)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            times.append(clock())
        if self.device.type == "cuda":
            torch.cuda.synchronize()
            times[-1] = clock()
        return [later - sooner for sooner, later in itertools.pairwise(times)]

    def batches(self):
        """Give the batches as they come; for a GPU moved there as the quickstart does it."""
        if self.device.type == "cpu":
            return self.loader
        return ((x.to(self.device), y.to(self.device)) for x, y in self.loader)

    def steps(self, count: int) -> list[float]:
        """Train whole epochs until there are at least this many steps."""
        seconds: list[float] = []
        while len(seconds) < count:
            seconds += self.epoch()
        return seconds


class Watched:
    """A watcher with a record of its own."""

    def __init__(self, *, looks: bool) -> None:
        self.looks = looks

    def __enter__(self):
        from goingdeep.record.log import EventLog
        from goingdeep.watch.watcher import Watcher

        self.folder = tempfile.TemporaryDirectory()
        self.log = EventLog(Path(self.folder.name))
        self.watcher = Watcher(Path(self.folder.name), self.log)
        if not self.looks:
            self.watcher.wants_look = lambda number: False  # noqa: ARG005
        self.watcher.start()
        return self.watcher

    def __exit__(self, *_) -> None:
        self.watcher.stop()
        self.log.close()
        self.folder.cleanup()
        recorder = self.watcher.recorder
        if recorder.gaps or not recorder.counts.steps:
            # Who has switched a part of itself off costs too little.
            sys.exit(f"not everything was watched: {recorder.gaps[:1]}")


def resident() -> float | None:
    """Give this process's memory in MB now; None where the system does not say."""
    gc.collect()
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6
    except OSError:
        return None


def memory(training: Training, count: int) -> dict[str, object]:
    before = resident()
    with Watched(looks=True):
        seconds = training.steps(count)
        after = resident()
        training.steps(count)
        later = resident()
    middle = sorted(seconds)[len(seconds) // 2]
    # A look ends with the batch after it, so that step is a part of its cost.
    looks = [
        seconds[number - 1] + seconds[number] - 2 * middle
        for number in (2**power for power in range(3, 20))
        if number < len(seconds)
    ]
    known = before is not None and after is not None and later is not None
    return {
        "memory_mb": after - before if known else None,
        "memory_later_mb": later - before if known else None,
        "look_seconds": looks,
    }


def turns(training: Training, pairs: int) -> list[dict[str, list[float]]]:
    """Train epochs by turns, one unwatched and two under a new watcher; who comes first changes.

    The first epoch of a watcher costs more: it learns every sample, and meets every line.
    """
    found = []
    for pair in range(pairs):
        seconds: dict[str, list[float]] = {}
        for who in ("bare", "watched") if pair % 2 == 0 else ("watched", "bare"):
            if who == "bare":
                seconds[who] = training.epoch()
            else:
                with Watched(looks=False):
                    seconds["first"] = training.epoch()
                    seconds[who] = training.epoch()
        found.append(seconds)
    return found


def main() -> None:
    args = subject.parse(subject.parser())
    training = Training(args)
    training.epoch()
    spent = memory(training, args.steps * 2 if args.steps else MEMORY_STEPS)
    pairs = [
        {
            who: {"epoch": sum(steps), "step": sorted(steps)[len(steps) // 2]}
            for who, steps in pair.items()
        }
        for pair in turns(training, args.epochs)
    ]
    subject.report(**spent, pairs=pairs)


if __name__ == "__main__":
    main()
