"""`gd why TOPIC --script PROGRAM`: the program runs watched, and the topic is answered in its process.

A moment of a program cannot be taken out of its process: its model and its loss may be any code. So
the answer is made there, when it has ended or enough was seen, and is read here.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from goingdeep.errors import RunError, RunFormatError, ScriptNotFoundError, SettingsError, printable
from goingdeep.explained import Explained, explain, sound, taken
from goingdeep.record import find_run, read_manifest
from goingdeep.record.answer import FOLDER, read_answers
from goingdeep.record.reading import read_processes
from goingdeep.record.runs import short_name
from goingdeep.why.catalogue import find
from goingdeep.why.experiment import Bound
from goingdeep.why.recorded import of_record

SECONDS = 20.0
"""How long a program is watched from its first step on, if a moment and an evaluation do not come
sooner: an epoch of the quickstart takes half of it."""


def why_program(
    question: str,
    words: Sequence[str],
    *,
    folder: str = "",
    seconds: float = SECONDS,
) -> Explained:
    """Run a program watched, and answer a question on what it did, in its own process.

    What the program prints goes to the error stream. It is ended once enough was seen.

    Args:
        question: a topic, or a question in words.
        words: the program and its arguments, as python would be given them.
        folder: where it runs; "" for here.
        seconds: the most that is seen of it, from its first step on.
    Raises:
        UnknownNameError: no topic is near. ScriptError: there is no such program.
        RunError: nothing was recorded, or no answer came. LessonError: as for `sound`.
    """
    from goingdeep.watch.program.child import folder_told, run_to_end
    from goingdeep.watch.program.script import Asked, WhyAsked

    page, named = find(question)
    with tempfile.TemporaryDirectory(prefix="gd-why-") as place:
        told = Path(place) / "run"
        asked = WhyAsked(page.topic, str(told), seconds)
        code = run_to_end(
            Asked(tuple(words), quiet=True, moments=True, why=asked),
            output=_errors(),
            folder=folder,
        )
        run = folder_told(told)
    answers = read_answers(run) if run is not None else []
    found = [answer for answer in answers if answer.topic == page.topic]
    named_for = "" if named else taken(page)
    if run is not None and not found and any(seen.steps for seen in read_processes(run)):
        # Killed, or by os._exit: no code of ours ran at its end, and the record is what is left.
        shown = explain(page, of_record(run, Bound()), run)
        return replace(shown, note="\n".join(filter(None, (named_for, _CUT.format(code)))))
    if run is None or not found:
        nothing = "nothing was recorded of it" if run is None else "it called no backward"
        why = f"it ended with exit code {code}" if code else nothing
        raise RunError(
            f"there is no answer: {printable(' '.join(words))} showed no training step",
            why=why,
            fix=f"gd run {printable(' '.join(words))}",
            more="docs/watch.md",
        )
    # The program may have gone to another folder, where its run is typed in another way.
    answer = structs.replace(sound(found[0]), run=short_name(run))
    return Explained(answer, run / FOLDER / f"{page.topic}.json", named_for)


_CUT = "The program ended at once, with exit code {}, so nothing was replayed: this is its record."


def again(question: str, run: str | Path | None = None) -> tuple[list[str], str]:
    """The command of a recorded program, to be run once more.

    Returns:
        The program and its arguments, and the folder in which it ran.
    Raises:
        SettingsError: the run is one of `gd train`, or of a part of a program.
        RunFormatError: its program lies in the run folder itself, and is never run.
        ScriptNotFoundError: the folder in which it ran is gone.
    """
    folder = find_run(run or "latest")
    manifest = read_manifest(folder)
    words = list(manifest.command[2:])
    if manifest.kind == "train":
        raise SettingsError(
            f"{short_name(folder)} is a run of gd train, which is replayed from its checkpoint",
            fix=f"gd why {question} {short_name(folder)} (without --again)",
            more="gd why --help",
        )
    if manifest.command[:1] != ("gd",) or not words:
        raise SettingsError(
            f"{short_name(folder)} was recorded by gd.watch() inside a program",
            fix="with gd.watch(moments=True) as run:  and then gd.why(topic, run)",
            more="docs/watch.md",
        )
    where = manifest.directory or str(Path.cwd())
    if not os.path.isdir(where) or any("\0" in word for word in words):  # noqa: PTH112 - never raises
        raise ScriptNotFoundError(
            f"the folder is gone in which {short_name(folder)} was recorded",
            where=printable(where),
            fix=f"gd why {question} --script PROGRAM",
            more="docs/why.md",
        )
    # A module is looked for from the folder on, where a folder without __init__ is a package, too.
    parts = "".join(words[1:2]).split(".") if words[0] == "-m" else [words[0]]
    program = os.path.realpath(os.path.join(where, *parts))  # noqa: PTH118 - pathlib raises for loops
    if any(
        Path(place).is_relative_to(folder.resolve()) for place in (program, os.path.realpath(where))
    ):
        raise RunFormatError(
            "the program lies inside the run folder, and code that came with a run is never run",
            where=printable(words[0]),
            fix=f"look at the file, copy it elsewhere, then gd why {question} --script FILE",
            more="docs/watch.md",
        )
    return words, where


def _errors() -> int | None:
    """The error stream, where there is one that a process can be given."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return sys.stderr.fileno()
    return None
