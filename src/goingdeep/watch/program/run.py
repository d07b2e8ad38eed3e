"""The run folder of a watched program: made when torch is there, closed when the program ends.

Until torch has been imported by the program nothing of ours that needs numpy or torch may be, and
no module of Python's own that the program could have one of the same name of; see imports.py.
"""

from __future__ import annotations

import os
import sys

from goingdeep.watch.program.early import EarlyEnd
from goingdeep.watch.program.tell import note, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Protocol

    from goingdeep.errors import GoingDeepError
    from goingdeep.record import EventLog, Manifest
    from goingdeep.watch.program.asked import Asked
    from goingdeep.watch.watcher import Watcher
    from goingdeep.watch.writing.ranks import Seat
    from goingdeep.watch.writing.recorder import Counts

    class Onlooker(Protocol):
        """One who follows a recording."""

        @property
        def said(self) -> str:
            """What it has to say of all, in a few words."""

        def finish(self) -> None:
            """The record is complete."""

        def prove(self) -> None:
            """Try on the moments that were kept what would be better; after `finish`."""


_on: list[WatchedRun] = []
"""The watch of this process that has begun, with or without torch; at most one."""


class WatchedRun:
    """One watched stretch of a program, with its folder if one could be made.

    Args:
        asked: where and how.
        look_on: makes one who is told what is recorded, and when it ends.
    Attributes:
        path: the folder; None before torch is imported, and where nothing can be written.
        watcher: None in the same cases, and after the end.
        ended: the watcher after the end, where it has kept moments.
        first: whether this process speaks for all ranks.
        counts: what was seen; None until the end.
    """

    def __init__(
        self, asked: Asked, look_on: Callable[[Watcher, Path], Onlooker] | None = None
    ) -> None:
        self.asked = asked
        self.onlooker: Onlooker | None = None
        self._look_on = look_on
        self.path: Path | None = None
        self.watcher: Watcher | None = None
        self.ended: Watcher | None = None
        self.counts: Counts | None = None
        self.first = True
        self.process = os.getpid()
        self._log: EventLog | None = None
        self._manifest: Manifest | None = None
        self._seat: Seat | None = None
        self._early: EarlyEnd | None = None
        self._made = False

    def refuse(self) -> None:
        """Raise at once what need not wait for torch.

        Raises:
            WatchError: this process is being watched already. RunExistsError: `out` is in use.
        """
        from goingdeep.errors import WatchError

        if _on and _on[0].process == os.getpid():
            raise WatchError(
                "this program is being watched already",
                why="there can be one watch at a time, and another has not ended",
                fix="leave out the inner gd.watch(), or end the outer one first",
                more="docs/watch.md",
            )
        if self.asked.out is not None and _is_there(self.asked.out):
            self._refuse_used(self.asked.out)
        _on[:] = [self]

    def _refuse_used(self, out: str) -> None:
        from pathlib import Path

        from goingdeep.errors import RunExistsError, WriteError
        from goingdeep.record.runs import refuse_used
        from goingdeep.watch.writing.ranks import rank_and_size

        try:
            if rank_and_size()[0] == 0:  # the others find what this one has made
                refuse_used(Path(out))
        except RunExistsError as error:
            error.fix = "choose a new folder: gd.watch('DIR')"
            raise
        except WriteError:
            pass  # it will be said, and the program goes on

    def start(self, *, raising: bool = False) -> None:
        """Make the folder and begin to watch; torch is imported.

        Where that fails the program goes on unwatched, with one warning.

        Raises:
            WatchError, RunExistsError: where `raising`, for what the caller could have known.
        """
        from goingdeep.errors import GoingDeepError, RunExistsError, WatchError

        try:
            self._open()
            self._watch()
        except GoingDeepError as error:
            self._abandon()
            if raising and isinstance(error, WatchError | RunExistsError):
                raise
            self._warn(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the program
            self._abandon()
            note(f"nothing is recorded, the program goes on: {said(error)}")
        except BaseException:  # Ctrl-C
            self._abandon()
            raise

    def _open(self) -> None:
        from datetime import UTC, datetime
        from pathlib import Path

        from goingdeep.record import EventLog, Manifest, write_manifest
        from goingdeep.record.machine import machine, versions
        from goingdeep.record.runs import new_folder, point_latest, slug
        from goingdeep.watch.writing.ranks import take_seat

        asked = self.asked
        runs = Path(asked.runs)
        self._seat = seat = take_seat(Path(asked.out).parent if asked.out is not None else runs)
        self.first = seat.first
        if seat.folder is not None:  # another rank's
            self.path = seat.folder
            self._log = EventLog(seat.folder, seat.rank)
            return
        stamp = datetime.now(UTC)
        alone = seat.rank and seat.gaps and asked.out is not None
        out = f"{asked.out}-rank{seat.rank}" if alone else asked.out
        self._made = out is None or not Path(out).exists()
        self.path = new_folder(out, f"{slug(asked.name)}-{stamp:%Y%m%d-%H%M%S}", runs)
        self._manifest = Manifest(
            kind="watch",
            name=self.path.name,
            command=asked.command,
            directory=asked.here,
            created=stamp.isoformat(timespec="milliseconds"),
            status="running",
            versions=versions(),
            machine=machine(),
        )
        write_manifest(self.path, self._manifest)
        self._log = EventLog(self.path)
        if self.path.parent == runs:
            point_latest(self.path)
        seat.publish(self.path)

    def _watch(self) -> None:
        from goingdeep.watch.reading import sites
        from goingdeep.watch.watcher import Watcher

        assert self._seat is not None
        if self.asked.start:
            root = _installed_program()
            if root is not None and sites.kind_of(root + os.sep) == sites.LIBRARY:
                sites.user_root(root)
        self.watcher = Watcher(
            self.path,
            self._log,
            moments=self.asked.moments,
            rank=self._seat.rank,
            probes=self.asked.probes,
        )
        self.watcher.start()
        if self._look_on is not None and self.path is not None and self.first:
            self.onlooker = self._look_on(self.watcher, self.path)
        if self.asked.most:
            self._early = EarlyEnd(self.watcher, self.asked.most)
            self.watcher.after_step.append(self._early.after_step)
        for what, reason in self._seat.gaps:
            self.watcher.recorder.gap(what, reason)

    def stop(self, error: BaseException | None = None) -> None:
        """End the record; a second call does nothing, nor does one in a forked child."""
        if os.getpid() != self.process:
            return
        if self in _on:
            _on.remove(self)
        if self.watcher is None:
            return
        watcher, self.watcher = self.watcher, None
        if self.asked.moments:
            self.ended = watcher
        if self._early is not None:
            self._early.cancel()
        self.counts = watcher.recorder.counts
        try:
            watcher.stop(error)
        except Exception as fault:  # noqa: BLE001
            note(f"the end of the record is lost: {said(fault)}")
        if self.onlooker is not None:
            self.onlooker.finish()
        self._close(error, watcher.recorder.lost)

    def _close(self, error: BaseException | None, lost: str = "") -> None:
        import contextlib

        from goingdeep.errors import GoingDeepError
        from goingdeep.record import write_manifest
        from goingdeep.record.machine import gpu_in_use
        from goingdeep.record.manifest import write_over_manifest

        if self._manifest is not None and self.path is not None:
            self._manifest.error = lost
            self._manifest.machine |= gpu_in_use()
            if error is None or isinstance(error, SystemExit):
                self._manifest.status = "finished"
            elif isinstance(error, KeyboardInterrupt):
                self._manifest.status = "interrupted"
            else:
                self._manifest.status = "failed"
                self._manifest.error = said(error)
            try:
                write_manifest(self.path, self._manifest)
            except (GoingDeepError, OSError):
                with contextlib.suppress(OSError):
                    write_over_manifest(self.path, self._manifest)
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._seat is not None:
            self._seat.leave()

    def _warn(self, error: GoingDeepError) -> None:
        error.why = "nothing is recorded; the program goes on"
        command = " ".join(self.asked.command[:2])
        how = f"{command} --out DIR ..." if self.asked.start else "gd.watch('DIR')"
        error.fix = f"choose another place: {how}"
        error.more = "docs/watch.md"
        note(f"{type(error).__name__}: {error}")

    def _abandon(self) -> None:
        """What could not be begun leaves nothing."""
        if self in _on:
            _on.remove(self)
        if self.watcher is not None:
            watcher, self.watcher = self.watcher, None
            watcher.stop()
        self._close(None)
        self.take_back()

    def take_back(self) -> None:
        """Remove the folder: there is nothing in it worth keeping."""
        from pathlib import Path

        from goingdeep.record.runs import take_back

        if self.path is not None and self._manifest is not None:
            take_back(self.path, made=self._made, runs=Path(self.asked.runs))
        self.path = None


def _is_there(out: str) -> bool:
    """Whether something is under this name that is not an empty folder; imports nothing."""
    try:
        return os.path.lexists(out) and bool(os.listdir(out))  # noqa: PTH208
    except OSError:
        return True


def _installed_program() -> str | None:
    """The folder of the program itself, which is the user's wherever it is installed."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    package = sys.modules.get(spec.name.partition(".")[0]) if spec is not None else None
    places = list(getattr(package, "__path__", ()))
    if places:
        return str(places[0])
    file = getattr(main, "__file__", None)
    return os.path.dirname(os.path.abspath(file)) if isinstance(file, str) else None  # noqa: PTH100, PTH120
