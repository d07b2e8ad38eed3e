"""The words of `gd run` and `gd show`. What they do is in watched.py and show/."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from goingdeep.errors import GoingDeepError
from goingdeep.terminal import fail, prepare_streams, say

Run = Annotated[str, Parameter(help="A path, a name in runs/, or latest.")]


def run(
    script: Annotated[str, Parameter(help="A Python file, or a folder with a main program.")],
    /,
    *arguments: Annotated[str, Parameter(help="The program's own arguments and options.")],
    module: Annotated[
        bool, Parameter(name="-m", help="What follows is a module: -m package.module", negative="")
    ] = False,
    out: Annotated[str, Parameter(help="The run's folder, new or empty (default: in runs/).")] = "",
    quiet: Annotated[
        bool, Parameter(help="Print no findings and no summary.", negative="")
    ] = False,
    moments: Annotated[
        bool,
        Parameter(
            help="Keep the first steps in memory, for gd.why(TOPIC) within the program. (From "
            "outside: gd why TOPIC --script.)",
            negative="",
        ),
    ] = False,
    report: Annotated[bool, Parameter(help="Write report.html into the run.")] = True,
) -> None:
    """Run a training program as it is, and record what its loop really does.

    These options stand before the program; everything after its name belongs to it. It runs exactly
    as with python SCRIPT ARGUMENTS; the summary goes to the error stream.
    """
    # `main` is here first, and reads the words itself: those of the program are not ours to read.
    flags = {"--quiet": quiet, "--moments": moments, "--no-report": not report, "-m": module}
    words = [*(("--out", out) if out else ()), *(name for name, is_on in flags.items() if is_on)]
    start_program([*words, script, *arguments])


def show(
    run: Run = "latest",
    /,
    *,
    step: Annotated[
        str | None, Parameter(help="One step with its numbers: a number from 1, or last.")
    ] = None,
    json: Annotated[bool, Parameter(help="Print JSON.", negative="")] = False,
) -> None:
    """Show what a run's loop did, in words, or the anatomy of one step."""
    from goingdeep.show import shown

    say(shown(run, step, as_json=json))


def start_program(words: list[str]) -> None:
    """Become the program of `gd run`; returns where help was asked for.

    Its words are not read as options of ours, and its streams are left as they are.
    """
    from goingdeep.watched import run_program

    try:
        run_program(words)
    except GoingDeepError as error:
        prepare_streams()
        fail(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # before the program began
