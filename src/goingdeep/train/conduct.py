"""From a run that is ready to its result, with whatever ends it on the way written down.

torch is imported here, inside, when run.json is on disk and the run is locked.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from goingdeep.errors import GoingDeepError
from goingdeep.record import EventLog, write_manifest
from goingdeep.record.events import Failed, Interrupted
from goingdeep.record.runs import short_name
from goingdeep.train.start import Start
from goingdeep.train.stop import Stopped, StopRequest

Announce = Callable[[str], None] | None
Around = Callable[[Path, EventLog], AbstractContextManager[object]] | None
"""Entered with the run folder and its open log just before the first step, left after the last."""


def conduct(
    start: Start, *, quiet: bool, announce: Announce = None, around: Around = None
) -> dict[str, Any]:
    """Train and test.

    Args:
        start: the run. quiet: print nothing. announce: told in words what is about to happen.
        around: whoever wants to see the training, from its first step to its test.
    Returns:
        What `result.json` says.
    Raises:
        RunBusyError: another process writes to the run.
        KeyboardInterrupt, SystemExit: a stop was asked for, by Ctrl-C or SIGTERM, and was clean.
    """
    with EventLog(start.folder) as log, _failures_recorded(start, log), StopRequest() as stop:
        try:
            return _train(start, log, stop, quiet=quiet, announce=announce, around=around)
        except Stopped as stopped:
            start.manifest.status = "interrupted"
            if not log.empty:
                stop_event = Interrupted(time=time.time(), step=log.step, signal=str(stopped))
                log.write(stop_event, last=True)
            write_manifest(start.folder, start.manifest)
            ending = stopped.ending()
    ending.add_note(f"stopped; go on with: gd resume {short_name(start.folder)}")
    raise ending


def _train(
    start: Start,
    log: EventLog,
    stop: StopRequest,
    *,
    quiet: bool,
    announce: Announce,
    around: Around,
) -> dict[str, Any]:
    import torch

    from goingdeep.train.finish import finish
    from goingdeep.train.progress import Progress
    from goingdeep.train.report import opening
    from goingdeep.train.training import Training

    stop.check()
    # A run sets the number of threads it was made with; the next one of this process, and whatever
    # else the user computes in it, must not inherit that.
    threads = torch.get_num_threads()
    try:
        training = Training(start.folder, start.manifest, start.data, log, stop, start.began)
        if announce is not None:
            announce(opening(start.manifest, training.course.parts.model))
        seen = around(start.folder, log) if around is not None else nullcontext()
        with Progress(training.live, quiet=quiet), seen:
            training.run()
            return finish(training)
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _failures_recorded(start: Start, log: EventLog) -> Iterator[None]:
    """Write down why a run ended, as far as the disk still lets us."""
    try:
        yield
    except Exception as error:
        name, first_line = type(error).__name__, (str(error).splitlines() or [""])[0]
        start.manifest.status, start.manifest.error = "failed", f"{name}: {first_line}"
        with contextlib.suppress(GoingDeepError, OSError):
            # The log begins with Started: an error before that stands in run.json only.
            if not log.empty:
                failed = Failed(time=time.time(), step=log.step, error=name, message=first_line)
                log.write(failed, last=True)
        with contextlib.suppress(GoingDeepError, OSError):
            write_manifest(start.folder, start.manifest)
        raise
