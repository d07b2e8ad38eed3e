"""Ten million steps through the writer: how large does a record become?

A real record of a few epochs is the pattern. Its events are written again, as many as a training of
that length has: passes after each epoch, close looks at steps 1, 2, 3, 4, 8, 16, ..., stretches of
steps once a second. Only the clock is not real: a step takes 1.5 ms of it.
"""

import argparse
import json
import secrets
import shutil
import time
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from goingdeep.record.event import Blob, Event, Gap
from goingdeep.record.log import EventLog, read_events
from goingdeep.record.look import LookEvent
from goingdeep.record.seen import Anatomy, Ended, Pass, Steps
from goingdeep.watch.data.ledger import Ledger
from goingdeep.watch.watcher import FIRST_LOOKS
from goingdeep.watch.writing import recorder as recorder_module
from goingdeep.watch.writing.recorder import FLUSH_SECONDS, Recorder

STEP_SECONDS = 0.0015


class Clock:
    """Stands for the module `time` in the recorder."""

    def __init__(self) -> None:
        self.now = 1e9

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class Pattern:
    """What a real record says about one epoch."""

    def __init__(self, folder: Path) -> None:
        events = list(read_events(folder))
        later = (Steps, Anatomy, Pass, LookEvent, Ended, Gap)
        self.head = [event for event in events if not isinstance(event, later)]
        self.anatomies = [event for event in events if isinstance(event, Anatomy)]
        self.curves = [path.stem for path in sorted((folder / "scalars").glob("*.npy"))]
        passes = [event for event in events if isinstance(event, Pass)]
        self.first = {event.loader: event for event in reversed(passes)}
        self.usual = {event.loader: event for event in passes}
        training = next(event for event in reversed(passes) if event.role == "training")
        self.steps = training.steps
        self.of_step = [-1] * self.steps  # the anatomy of each step of the newest epoch
        for event in events:
            if isinstance(event, Steps):
                for number in range(event.first, event.last + 1):
                    if training.first_step <= number <= training.last_step:
                        self.of_step[number - training.first_step] = event.anatomy
        looks = [event for event in events if isinstance(event, LookEvent)]
        self.looks: dict[str, list[LookEvent]] = {}
        for (phase, _), group in groupby(looks, key=lambda event: (event.phase, event.look)):
            self.looks[phase] = list(group)


class Again:
    """A pass of the pattern, as the ledger takes it."""

    def __init__(self, event: Pass, identity: int, number: int, step: int) -> None:
        self.event, self.id, self.number, self.step = event, identity, number, step
        self.loader = event.loader
        self.opened = self.closed = identity
        self.taken = None
        if event.hashes is not None:
            kept = np.frombuffer(secrets.token_bytes(8 * event.hashes.shape[0]), np.int64)
            self.taken = SimpleNamespace(kept=kept)

    def hand_over(self) -> None: ...

    def facts(self, taken: object, *, labels: bool) -> dict[str, Any]:  # noqa: ARG002
        found = {name: getattr(self.event, name) for name in Pass.__struct_fields__}
        for name in ("time", "step", "rank", "hashes"):
            del found[name]
        found.update(id=self.id, number=self.number, loss=secrets.randbits(53) / 2**53)
        if self.event.steps:
            found.update(first_step=self.step - self.event.steps + 1, last_step=self.step)
        for name in ("order", "indices"):
            found[name] = secrets.token_hex(len(found[name]) // 2)
        counts = found["labels"]
        if counts is not None and not labels:
            found["labels"] = type(counts)(counts.batches, counts.distinct, counts.expected)
        return found


def write_again(recorder: Recorder, event: Event, **changes: object) -> None:
    """Write an event once more; what it keeps beside the events has other content."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    for name in ("time", "step", "rank"):
        del fields[name]
    for name, value in fields.items():
        if isinstance(value, Blob):
            dtype = np.dtype(value.dtype)
            content = secrets.token_bytes(int(np.prod(value.shape)) * dtype.itemsize)
            fields[name] = recorder.blob(np.frombuffer(content, dtype).reshape(value.shape))
    recorder.event(type(event), **{**fields, **changes})


def write_epoch(recorder: Recorder, clock: Clock, pattern: Pattern, values: list[float]) -> int:
    """Write the steps of one epoch; returns the number of the last."""
    number = 0
    for anatomy in pattern.of_step:
        clock.now += STEP_SECONDS
        number = recorder.step(0, anatomy, "")
        for name in pattern.curves:
            recorder.curve(name, values[number % len(values)], number)
        if number <= FIRST_LOOKS or number & (number - 1) == 0:
            for event in pattern.looks["training"]:
                write_again(recorder, event, look=number)
    return number


def write_all(recorder: Recorder, clock: Clock, pattern: Pattern, total: int) -> None:
    for event in pattern.head:
        write_again(recorder, event)
    for event in pattern.anatomies:
        recorder.new_anatomy((event.id,), event.optimizer, event.blocks, event.left_out)
    ledger = Ledger(recorder, set)
    values = [secrets.randbits(53) / 2**53 for _ in range(4096)]
    identity = epoch = number = 0
    while number < total:
        epoch += 1
        number = write_epoch(recorder, clock, pattern, values)
        for event in (pattern.usual if epoch > 1 else pattern.first).values():
            ledger.enter(Again(event, identity, epoch, number))
            identity += 1
        if epoch & (epoch - 1) == 0:
            for event in pattern.looks.get("evaluation", ()):
                write_again(recorder, event, look=number)
    ledger.finish()
    recorder.last_event(Ended, seconds=number * STEP_SECONDS, steps=number)
    recorder.close()


def size(path: Path) -> int:
    """Give the bytes of a file, or of all files below a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, help="a real run of some epochs")
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=10_000_000)
    args = parser.parse_args()
    pattern = Pattern(args.record)
    args.out.mkdir()
    shutil.copy(args.record / "run.json", args.out)
    clock = recorder_module.time = Clock()
    log = EventLog(args.out)
    start = time.perf_counter()
    recorder = Recorder(args.out, log)
    write_all(recorder, clock, pattern, args.steps)
    seconds = time.perf_counter() - start
    log.close()
    kinds: dict[str, int] = {}
    for event in read_events(args.out, void=True):
        tag = type(event).__struct_config__.tag
        kinds[str(tag)] = kinds.get(str(tag), 0) + len(msgspec.json.encode(event)) + 1
    line = {
        "steps": recorder.counts.steps,
        "bytes": size(args.out),
        "events": size(args.out / "events.jsonl"),
        "blobs": size(args.out / "blobs"),
        "curves": size(args.out / "scalars"),
        "by_kind": dict(sorted(kinds.items(), key=lambda item: -item[1])),
        "gaps": [f"{what}: {reason}" for what, reason in recorder.gaps],
        "flush_seconds": FLUSH_SECONDS,
        "step_seconds": STEP_SECONDS,
        "writer_seconds": seconds,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
