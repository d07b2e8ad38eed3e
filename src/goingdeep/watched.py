"""Puts watching and showing together, once, for the command, Python and notebooks.

Importing this imports neither torch nor numpy: `with gd.watch()` may stand around the import of
torch, and a program started by `gd run` sets up its environment before it.
"""

from __future__ import annotations

import os
import sys

from goingdeep.watch.program.asked import Asked
from goingdeep.watch.program.imports import when_imported
from goingdeep.watch.program.program import WatchedProgram, program_name, this_program
from goingdeep.watch.program.run import WatchedRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Any, Self

    from goingdeep.live import Live
    from goingdeep.watch.watcher import Watcher


def run_program(words: Sequence[str]) -> None:
    """Start the program of `gd run WORDS`; where that is possible this never returns.

    It returns where help was asked for.

    Raises:
        ScriptError, SettingsError, RunExistsError: it cannot be started.
    """
    from goingdeep.watch.program import script

    asked = script.parse(words)
    if asked is not None:
        script.launch(asked)


def begin_program(told: str) -> None:
    """Called by Python's start-up in the process of the program; see startup/."""
    WatchedProgram(told, _summary, _report, _answer, _look_on).arm()


def watch(out: str | Path | None = None, *, moments: bool = False, quiet: bool = False) -> Watch:
    """Record what the training inside does, and change nothing about it.

        with gd.watch() as run:
            train(model)
        print(run.show())

    torch may be imported before or inside. A fork, and a process started inside, is not watched.

    Args:
        out: the run's folder, new or empty; by default one in runs/.
        moments: also keep a few steps in memory, to replay with one thing changed.
        quiet: do not print what is found wrong while it goes on.
    Raises:
        WatchError: the program is being watched already. RunExistsError: `out` is in use.
    """
    return Watch(None if out is None else os.fspath(out), moments=moments, quiet=quiet)


class Watch:
    """What `gd.watch()` gives: use it with `with`; afterwards it shows the record.

    Inside a program that `gd run` started it joins that recording.
    """

    def __init__(
        self,
        out: str | None = None,
        *,
        moments: bool = False,
        quiet: bool = False,
        name: str = "",
    ) -> None:
        self._out = out
        self._quiet = quiet
        self._moments = moments
        self._name = name or _name()
        self._run: WatchedRun | None = None
        self._program: WatchedProgram | None = None
        self._leave: Callable[[], None] | None = None

    @property
    def path(self) -> Path | None:
        """The run folder; None before torch is imported, and where nothing can be written."""
        run = self._current()
        return run.path if run is not None else None

    @property
    def watcher(self) -> Watcher | None:
        """What watches, or has watched and kept moments; for `gd.why`."""
        run = self._current()
        return (run.watcher or run.ended) if run is not None else None

    def mark(self) -> None:
        """Ask for a close look at the next step."""
        run = self._current()
        if run is not None and run.watcher is not None:
            run.watcher.mark()

    def show(self, width: int | None = None) -> str:
        """The loop in words, as `gd show` prints it.

        Args:
            width: columns; by default those of the terminal.
        """
        run = self._current()
        if run is None or run.path is None:
            return "nothing is recorded"
        if run.watcher is not None:
            run.watcher.recorder.flush()
        return _summary(run.path, width)

    def __enter__(self) -> Self:
        from goingdeep.errors import WatchError

        if self._leave is not None:
            raise WatchError(
                "this watch has begun already",
                fix="with gd.watch() as run:  (a new one each time)",
                more="docs/watch.md",
            )
        program = this_program()
        if program is not None and program.watching:
            self._program, self._leave = program, _nothing
            return self
        self._run = WatchedRun(
            Asked(self._name, ("gd.watch", *sys.argv), out=self._out, moments=self._moments),
            lambda watcher, path: _look_on(watcher, path, aloud=not self._quiet),
        )
        self._run.refuse()
        if "torch" in sys.modules:
            self._leave = _nothing
            self._run.start(raising=True)
        else:
            self._leave = when_imported("torch", self._run.start)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(error)

    def stop(self, error: BaseException | None = None) -> None:
        """End the record; the end of the `with` does this. A second call does nothing."""
        if self._leave is not None:
            self._leave()
        if self._run is not None:
            self._run.stop(error)

    def _current(self) -> WatchedRun | None:
        return self._program.run if self._program is not None else self._run

    def __repr__(self) -> str:
        return self.show()

    def _repr_html_(self) -> str:
        from goingdeep.viewed import notebook_html

        text = self.show(100)
        run = self._current()
        return notebook_html(text, None if run is None else run.path)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext goingdeep` gives notebooks the cell magic `%%watch`."""
    from goingdeep.watch.program.notebook import install

    install(shell, Watch)


def _look_on(
    watcher: Watcher, path: Path, aloud: bool = True, check: dict[str, Any] | None = None
) -> Live:
    """Check what is recorded while it is; torch has been imported.

    Args:
        check: what `gd check` was asked for, which reports everything once more at the end.
    """
    from goingdeep.live import Live
    from goingdeep.watch.program.tell import interject

    say = interject if aloud else None
    if check is None:
        return Live(watcher, path, say)
    from goingdeep.checked import asked_settings

    return Live(watcher, path, say, settings=asked_settings(check), brief=True)


def _summary(path: Path, width: int | None = None) -> str:
    from goingdeep.record.runs import as_typed
    from goingdeep.show import loop_text

    return loop_text(as_typed(path), width)


def _report(path: Path) -> str:
    from goingdeep.viewed import write_report

    return write_report(path)


def _answer(run: WatchedRun, topic: str) -> None:
    from goingdeep.why.program import answer_at_end

    answer_at_end(run, topic)


def _nothing() -> None: ...


def _name() -> str:
    """What to call the program that this is."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if "ipykernel" in sys.modules:
        return "notebook"
    return program_name((main,)) if isinstance(main, str) else "session"
