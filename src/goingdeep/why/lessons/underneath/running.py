"""Runs programs watched, each in a process of its own, two at once where there are two cores.

    python -m goingdeep.why.lessons.underneath.running FOLDER PROGRAM.py ...

Each is forked from this process, which has imported PyTorch and computed nothing: half of what a
program costs is that import. FOLDER/<program>/ gets the record (run/) and what was printed (said.txt);
a line with the program's name is printed when it has ended.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import warnings
from multiprocessing.connection import wait
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
AT_ONCE = 2


def main(folder: Path, programs: list[str]) -> None:
    """Run them in this order."""
    import torch._dynamo  # noqa: F401 - the first step of an optimizer imports it, in seconds

    import goingdeep.watch.watcher  # noqa: F401

    # Where there is no fork each one imports PyTorch by itself.
    fork = "fork" in multiprocessing.get_all_start_methods()
    multiprocessing.set_start_method("fork" if fork else "spawn")
    at_once = max(1, min(AT_ONCE, os.cpu_count() or 1))
    running: list[tuple[str, multiprocessing.Process]] = []
    for program in [*programs, ""]:
        while running and (not program or len(running) >= at_once):
            ended = wait([process.sentinel for _, process in running])
            for name, process in [one for one in running if one[1].sentinel in ended]:
                running.remove((name, process))
                process.join()
                sys.stdout.write(f"{name}\n")
                sys.stdout.flush()
        if program:
            place = folder / Path(program).stem
            process = multiprocessing.Process(target=run, args=(place, program))
            process.start()
            running.append((program, process))


def run(folder: Path, program: str) -> None:
    """Run one, watched."""
    from goingdeep.record import EventLog
    from goingdeep.watch.reading.sites import user_root
    from goingdeep.watch.watcher import watching

    (folder / "run").mkdir(parents=True)
    os.chdir(folder)
    said = os.open("said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(said, stream)
    warnings.simplefilter("ignore")
    user_root(PROGRAMS)  # it lies in our package, and is a user's program here
    sys.argv = [program]
    sys.path.insert(0, str(PROGRAMS))
    with EventLog(folder / "run") as log, watching(folder / "run", log):
        runpy.run_path(str(PROGRAMS / program), run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
