"""The cell magic `%%watch`: record what the cell's training does, and show the loop below it.

The cell itself is run by IPython as always, with its first line blanked: line numbers, tracebacks,
`await`, other magics and the value of the last line stay what they are. We are called before it and
after it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from goingdeep.errors import GoingDeepError, SettingsError, UnknownNameError, printable
from goingdeep.watch.program.tell import note

MAGIC = "%%watch"
_HELP = """Record what this cell's training does, and show the loop below it.

%%watch [--out DIR] [--quiet] [--moments]

--out DIR   the run's folder, new or empty (default: in runs/)
--quiet     show nothing below the cell
--moments   keep a few steps in memory, to replay them changed
"""
_OPTIONS = ("--out", "--quiet", "--moments")


def install(shell: Any, make: Callable[..., Any]) -> None:
    """Give an IPython shell the magic; doing so twice changes nothing.

    Args:
        shell: the InteractiveShell. make: makes a watch, as `goingdeep.watched.Watch`.
    """
    if any(isinstance(one, _Cells) for one in shell.input_transformers_cleanup):
        return
    cells = _Cells(make)
    shell.input_transformers_cleanup.append(cells)
    shell.events.register("pre_run_cell", cells.before)
    shell.events.register("post_run_cell", cells.after)

    def watch(line: str, cell: str) -> None:
        # What completion and `%%watch?` find; a cell that is run does not come here.
        shell.run_cell(f"{MAGIC} {line}\n{cell}")

    watch.__doc__ = _HELP
    shell.register_magic_function(watch, "cell")


class _Cells:
    """The cells of one shell; at most one is running."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._watch: Any = None
        self._quiet = False

    def __call__(self, lines: list[str]) -> list[str]:
        """Take out the magic; called by IPython, also for a cell that is only being typed."""
        if not lines or not _is_ours(lines[0]):
            return lines
        try:
            _parse(lines[0])
        except GoingDeepError as error:
            raise SyntaxError(str(error)) from None  # the cell does not run, and shows just this
        # Another magic below must come to stand first; else lines keep their numbers.
        blank = [] if lines[1:] and lines[1].startswith("%%") else ["\n"]
        return [*blank, *lines[1:]]

    def before(self, info: Any) -> None:
        """Begin to watch, where the cell asks for it."""
        first = next((line for line in info.raw_cell.splitlines() if line.strip()), "").strip()
        if not _is_ours(first):
            return
        try:
            options = _parse(first)
        except GoingDeepError:
            return  # it is said instead of running the cell
        try:
            self._quiet = bool(options.pop("quiet", False))
            watch = self._make(name="notebook", **options)
            watch.__enter__()
            self._watch = watch
        except GoingDeepError as error:
            note(f"this cell is not watched\n{type(error).__name__}: {error}")

    def after(self, result: Any) -> None:
        """End the watch, and show what was seen."""
        watch, self._watch = self._watch, None
        if watch is None:
            return
        error = result.error_in_exec or result.error_before_exec
        watch.__exit__(type(error), error, None)
        if watch.path is not None and not self._quiet:
            from IPython.display import display

            display(watch)


def _is_ours(line: str) -> bool:
    return line.startswith(MAGIC) and line.split(maxsplit=1)[0] == MAGIC


def _parse(line: str) -> dict[str, Any]:
    """The options of the magic.

    Raises:
        SettingsError: one that there is not, or without its value.
    """
    more = "docs/watch.md"
    try:
        words = shlex.split(line)[1:]
    except ValueError as error:
        raise SettingsError(f"{printable(line)}: {error}", fix=MAGIC, more=more) from error
    found: dict[str, Any] = {}
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        if name == "--out" and (equals or words):
            found["out"] = value if equals else words.pop(0)
        elif name in {"--quiet", "--moments"} and not equals:
            found[name[2:]] = True
        elif name == "--out":
            raise SettingsError("--out expects a folder", fix=f"{MAGIC} --out DIR", more=more)
        else:
            raise UnknownNameError.of(f"option of {MAGIC}", printable(word), _OPTIONS, more=more)
    return found
