"""A parent that has imported everything and computed nothing, and forks children to be killed.

    python -m tests.same.killed FOLDER RUN KILLS SEED

Trains in children that are killed, now at a random moment, now inside a write; the last one is let
live. Prints how many were killed, and where. (A child forked after torch's threads have started
would hang; so this is a process of its own.)
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import torch._dynamo  # noqa: F401 - the first step of an optimizer imports it, in seconds

from goingdeep import session
from goingdeep.record import files
from goingdeep.train import finish, report, training  # noqa: F401 - imported before forking
from tests.same import small


def child(folder: Path, run: Path, deadly_sync: int) -> None:
    """Train or resume; die at the given call of fsync, where that is not 0."""
    calls = 0
    real = os.fsync

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == deadly_sync:
            os.kill(os.getpid(), signal.SIGKILL)
        real(descriptor)

    files.os.fsync = fsync
    if (run / "run.json").exists():
        session.resume(run)
    else:
        settings = dict(small.LONG, model=f"{folder / 'net.py'}:net")
        session.train(folder / "small.npz", out=run, settings=settings)


def main() -> None:
    """Kill until enough were killed, then let one finish."""
    folder, run = Path(sys.argv[1]), Path(sys.argv[2])
    kills, draw = int(sys.argv[3]), random.Random(int(sys.argv[4]))
    killed: Counter[str] = Counter()
    while True:
        last = killed.total() >= kills
        inside = not last and draw.random() < 0.5
        pid = os.fork()
        if pid == 0:
            try:
                child(folder, run, draw.randrange(1, 12) if inside else 0)
            except BaseException as error:  # noqa: BLE001 - a forked child must not return
                print(f"child failed: {error!r}", file=sys.stderr)
                os._exit(1)
            os._exit(0)
        if not last and not inside:
            time.sleep(draw.uniform(0.02, 0.4))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            killed["inside a write" if inside else "at a random moment"] += 1
        elif os.waitstatus_to_exitcode(status) != 0:
            sys.exit(1)
        elif last or (run / "result.json").exists():
            break
    print(dict(killed))


if __name__ == "__main__":
    main()
