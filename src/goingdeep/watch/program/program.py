"""Inside a program that `gd run` started: wait for torch, watch, say at the end what was seen.

Nothing here, and nothing it imports before torch is there, may import what the program could have a
module of the same name of; see imports.py.
"""

from __future__ import annotations

import atexit
import os
import sys

from goingdeep.watch.program.asked import Asked
from goingdeep.watch.program.early import Most
from goingdeep.watch.program.imports import when_imported
from goingdeep.watch.program.run import WatchedRun
from goingdeep.watch.program.tell import note, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from goingdeep.watch.program.run import Onlooker
    from goingdeep.watch.watcher import Watcher

_this: WatchedProgram | None = None


def this_program() -> WatchedProgram | None:
    """The program of this process, where `gd run` started it."""
    return _this if _this is not None and _this.process == os.getpid() else None


class WatchedProgram:
    """A program from before its first line to after its last.

    Args:
        told: what `gd run` was asked for, as JSON: out, quiet, moments, report, and how many of the
            words that started this process are the program and its arguments.
        summary: draws the loop from the record, for the error stream. report: writes the page of
            the run into its folder, and says why not where that fails. answer: answers a topic on
            what was watched, and keeps the answer in the run's folder.
        look_on: makes one who follows the recording, and says aloud what it sees; given what
            `gd check` was asked for, too.
    """

    def __init__(
        self,
        told: str,
        summary: Callable[[Path], str],
        report: Callable[[Path], str],
        answer: Callable[[WatchedRun, str], object],
        look_on: Callable[[Watcher, Path, bool, dict[str, Any] | None], Onlooker] | None = None,
    ) -> None:
        self.run: WatchedRun | None = None
        self.process = os.getpid()
        self._told = told
        self._summary = summary
        self._report = report
        self._look_on = look_on
        self._answer = answer
        # Where things are is fixed now; what was asked for is read later, for that takes json.
        self._here = Asked("", ())

    @property
    def watching(self) -> bool:
        """Whether it is being recorded, or will be as soon as torch comes."""
        return self.run is None or self.run.watcher is not None

    def arm(self) -> None:
        """Be called when torch comes, and when the program ends.

        What is registered first is called last: threads and children have ended by then, and
        whatever the program itself does at its end is done.
        """
        global _this  # noqa: PLW0603 - there is one program in a process
        _this = self
        atexit.register(self._end)
        when_imported("torch", self._torch_is_there)

    def _facts(self) -> dict[str, Any]:
        import json

        facts: dict[str, Any] = json.loads(self._told)
        return facts

    def _torch_is_there(self) -> None:
        try:
            facts = self._facts()
            words = tuple(sys.orig_argv[-facts["words"] :])
            asked = self._here
            asked.name = program_name(words)
            check, why = facts["check"], facts["why"]
            asked.command = ("gd", "check" if check else "run", *words)
            asked.moments = facts["moments"] or bool(why)
            asked.start = True
            if facts["out"] is not None:
                asked.out = os.path.join(asked.here, facts["out"])  # noqa: PTH118
            if check:
                asked.probes = check["probes"]
                asked.moments = check["prove"]
                asked.most = Most(check["steps"], check["seconds"])
            if why:
                asked.most = Most(seconds=why["seconds"], moment=True)
            aloud = check["aloud"] if check else not facts["quiet"]
            look_on = self._look_on

            def look(watcher: Watcher, path: Path) -> Onlooker:
                assert look_on is not None
                return look_on(watcher, path, aloud, check)

            self.run = WatchedRun(asked, look if look_on is not None else None)
            self.run.start()
            if check or why:
                _tell_where(self.run, (check or why)["tell"])
        except Exception as error:  # noqa: BLE001 - the program must not notice
            note(f"nothing is recorded, the program goes on: {type(error).__name__}")

    def _end(self) -> None:
        if os.getpid() != self.process:
            return
        try:
            self._finish()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - after the program's end
            note(f"the end of the record is lost: {type(error).__name__}")

    def _finish(self) -> None:
        facts = self._facts()
        quiet = facts["quiet"]
        if self.run is None:
            if not quiet and os.environ.get("RANK", "0") == "0":
                _say("gd: no training seen: torch was never imported")
            return
        self.run.stop(_uncaught())
        path, counts = self.run.path, self.run.counts
        if path is None or counts is None:
            return  # it has been said that nothing is recorded
        trained = counts.backwards or counts.steps
        if not trained and not counts.forwards and not facts["check"]:
            self.run.take_back()
        elif facts["why"] and trained and self.run.first:
            self._answer(self.run, facts["why"]["topic"])
        if facts["check"] and facts["check"]["prove"] and self.run.onlooker is not None:
            self.run.onlooker.prove()
        # Paths are told from the folder that the user is in; the program's own may be gone.
        theirs = _enter(self._here.here)
        try:
            self._tell(self.run, path, facts, trained=bool(trained), forwards=counts.forwards)
        finally:
            if theirs is not None:
                os.fchdir(theirs)
                os.close(theirs)

    def _tell(
        self, run: WatchedRun, path: Path, facts: dict[str, Any], *, trained: bool, forwards: int
    ) -> None:
        problem = ""
        if trained and run.first and facts["report"] and not (facts["check"] or facts["why"]):
            problem = self._report(path)
        if facts["quiet"] or not run.first:
            return
        if not trained:
            number = "1 forward" if forwards == 1 else f"{forwards:,} forwards"
            _say(f"gd: no training seen: torch was imported, {number}, no backward")
            if not forwards:
                _say("    (a process that it starts is watched by `with gd.watch():` inside)")
                return
        _say(self._summary(path))
        self._say_where(path)
        if problem:
            _say(f"gd: {problem}")

    def _say_where(self, path: Path) -> None:
        import shlex

        from goingdeep.errors import printable

        here = self._here
        place = str(path).removeprefix(here.here.rstrip(os.sep) + os.sep)
        latest = path.parent / "latest"
        newest = str(path.parent) == here.runs and latest.resolve() == path.resolve()
        short = "" if newest else " " + shlex.quote(printable(place))
        found = self.run.onlooker.said if self.run and self.run.onlooker else ""
        _say(
            f"\nrun      {printable(place)}\n\ntry next\n"
            f"  gd view{short}   step through it in the browser\n"
            f"  gd show{short}   the loop again\n"
            f"  gd check{short}  {found or 'look for silent mistakes'}"
        )


def _tell_where(run: WatchedRun, file: str) -> None:
    """Tell the command that waits for us where the record is."""
    if run.path is not None and run.first:
        with open(file, "w", encoding="utf-8", errors="surrogateescape") as told:  # noqa: PTH123
            told.write(str(run.path))


def program_name(words: tuple[str, ...]) -> str:
    """What to call a program in a folder's name."""
    if words[0] == "-m":
        return words[1] if len(words) > 1 else "module"
    folder, name = os.path.split(words[0].rstrip(os.sep))
    stem = name.rpartition(".")[0] or name
    if stem == "__main__":
        return os.path.basename(folder) or "program"  # noqa: PTH119
    return "stdin" if words[0] == "-" else stem


def _uncaught() -> BaseException | None:
    """What ended the program; Python keeps it here when it prints the traceback."""
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return error if isinstance(error, BaseException) else None


def _enter(folder: str) -> int | None:
    """Go there; the folder left behind, to go back to even where it has been deleted."""
    try:
        left = os.open(".", os.O_RDONLY)
    except OSError:  # no folder can be opened on Windows
        return None
    try:
        os.chdir(folder)
    except OSError:
        os.close(left)
        return None
    return left


def _say(text: str) -> None:
    # The program may have put something else in the place of sys.stderr.
    tell(text, sys.__stderr__)
