"""The words of `gd why`. What it does is in explained.py."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from goingdeep.errors import SettingsError, printable
from goingdeep.terminal import say
from goingdeep.watch.program.tell import tell


def why(
    *question: Annotated[
        str,
        Parameter(help="A topic, or a question in words; then the run (default: the newest)."),
    ],
    json: Annotated[bool, Parameter(help="Print JSON.", negative="")] = False,
    again: Annotated[
        bool, Parameter(help="Run the program of a recorded run once more.", negative="")
    ] = False,
    script: Annotated[
        tuple[str, ...],
        Parameter(
            help="A program to run now, with its arguments (or -m MODULE); comes last.", negative=""
        ),
    ] = (),
) -> None:
    """Answer a question by experiment on a run: what happens, and what happens with the mistake.

    Without a question it lists the topics. The answer is kept in the run's folder, in answers/.
    Where there is no run, a short training is made for it.

    gd why zero-grad --script train.py --its --args runs a program, watched, until enough was seen,
    and answers on that. What the program prints goes to the error stream.
    """
    from goingdeep import explained
    from goingdeep.record.encoding import indented

    words, run = explained.question_and_run(question)
    if (script or again) and not words:
        raise SettingsError(
            f"{'--script' if script else '--again'} expects a question before it, got none",
            fix=f"gd why zero-grad {'--script' if script else '--again'} ...",
            more="gd why (lists the topics)",
        )
    found: explained.Explained | explained.Topics
    if script or again:
        from goingdeep import explained_program

        program: list[str]
        if script:
            program, folder = list(script), ""
        else:
            program, folder = explained_program.again(words, run)
            tell(f"again: {printable(shlex.join(program))}  (in {printable(folder)})", sys.stderr)
        found = explained_program.why_program(words, program, folder=folder)
    else:
        found = explained.why(words, run)
    if not json:
        say(repr(found))
    elif isinstance(found, explained.Topics):
        say(indented(found.listed))
    else:
        say(indented(found.answer))


def marked(words: Sequence[str]) -> list[str]:
    """The words of `gd why`, with all that follows --script as its values: not ours to read.

    >>> marked(["eval", "--json", "--script", "train.py", "--json"])
    ['eval', '--json', '--script=train.py', '--script=--json']
    """
    for at, word in enumerate(words):
        if word == "--script" or word.startswith("--script="):
            first = [] if word == "--script" else [word.partition("=")[2]]
            return [*words[:at], *(f"--script={w}" for w in (*first, *words[at + 1 :]))]
    return list(words)
