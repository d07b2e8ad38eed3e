"""`gd run`: from words to a program that Python runs as it always does.

The command checks what it was given and then becomes `python script.py its args` (exec: the same
process, folder, input and output). So `__main__`, sys.path, tracebacks, exit codes, signals,
spawned processes and everything else are Python's own, and there is nothing to imitate. The watcher
comes in by startup/sitecustomize.py; program.py goes on from there.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from goingdeep.errors import (
    RunExistsError,
    ScriptError,
    SettingsError,
    UnknownNameError,
    printable,
)
from goingdeep.watch.program.script_file import HELP, check_script

OPTIONS = ("--out", "--quiet", "--moments", "--report", "--no-report", "--help", "-m")
TOLD = "GOINGDEEP_PROGRAM"
PATH_BEFORE = "GOINGDEEP_PYTHONPATH"
"""Variables that startup/sitecustomize.py reads and takes away; it cannot import them from here."""


@dataclass(frozen=True)
class Asked:
    """The command's own options, and the words that are the program and its arguments."""

    words: tuple[str, ...]
    out: str | None = None
    quiet: bool = False
    moments: bool = False
    report: bool = True
    check: CheckAsked | None = None
    why: WhyAsked | None = None


@dataclass(frozen=True)
class CheckAsked:
    """What `gd check` asks for beside that.

    tell: a file into which the folder of the record is to be written. steps, seconds: end the
    program after so many, 0 for never. probes: whether models may be tried out on copies. prove:
    try the remedies of what is found. aloud: say what is found as soon as it is certain. disable,
    enable, baseline: as the command was told, so that what is said meanwhile is judged alike.
    """

    tell: str
    steps: int = 0
    seconds: float = 0.0
    probes: bool = True
    prove: bool = False
    aloud: bool = False
    disable: tuple[str, ...] = ()
    enable: tuple[str, ...] = ()
    baseline: str | None = None


@dataclass(frozen=True)
class WhyAsked:
    """What `gd why --script` asks for beside that; it keeps a moment.

    topic: answered when the program ends, in its process. tell: as for `gd check`. seconds: end the
    program so long after its first step, or as soon as enough was seen.
    """

    topic: str
    tell: str
    seconds: float


def parse(words: Sequence[str]) -> Asked | None:
    """Tell our options, which stand before the program, from everything after it.

    Returns:
        None where help is asked for.
    Raises:
        UnknownNameError, SettingsError: an option that there is not, or one without its value.
    """
    left = list(words)
    out: str | None = None
    flags: set[str] = set()
    while left:
        word = left[0]
        if word == "-m" or not word.startswith("-") or word == "-":
            break
        left.pop(0)
        name, equals, value = word.partition("=")
        if name in {"--help", "-h"}:
            return None
        if name == "--":
            break
        if name == "--out":
            out = value if equals or not left else left.pop(0)
            if not out:
                raise _usage("--out expects a folder", "gd run --out DIR SCRIPT.py")
        elif name in {"--quiet", "--moments", "--report", "--no-report"} and not equals:
            flags.add(name)
        else:
            error = UnknownNameError.of("option of gd run", printable(word), OPTIONS, more=HELP)
            error.why = "the program's own options stand after it"
            raise error
    if not left or left == ["-m"]:
        what = "a module after -m" if left else "a program"
        raise _usage(f"gd run expects {what}", "gd run SCRIPT.py, or: gd run -m PACKAGE.MODULE")
    return Asked(
        tuple(left), out, "--quiet" in flags, "--moments" in flags, "--no-report" not in flags
    )


def _usage(message: str, fix: str) -> SettingsError:
    return SettingsError(message, fix=fix, more=HELP)


def launch(asked: Asked) -> NoReturn:
    """Become the program.

    Raises:
        ScriptError: there is no such program, or it is not one. RunExistsError: `out` is in use.
    """
    words, variables = prepared(asked)
    try:
        os.execve(sys.executable, words, variables)  # noqa: S606
    except OSError as error:
        raise cannot_start(error) from error


def prepared(asked: Asked) -> tuple[list[str], dict[str, str]]:
    """The words and variables with which Python is to be started; output so far is flushed.

    Raises:
        ScriptError: there is no such program, or it is not one. RunExistsError: `out` is in use.
    """
    check_script(asked.words[0])
    if asked.out is not None:
        _refuse_used(asked.out)
    if not sys.executable or sys.flags.ignore_environment:
        raise ScriptError(
            "gd run needs a Python that reads its environment",
            why=f"this one was started as {printable(' '.join(sys.orig_argv[:2]))}",
            fix="start gd with a Python without -E and -I",
            more="docs/watch.md",
        )
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    words = [sys.executable, *flags_of(sys.orig_argv), *asked.words]
    return words, environment(asked, os.environ)


def cannot_start(error: OSError) -> ScriptError:
    """The system does not start Python."""
    return ScriptError(
        f"Python cannot be started: {error.strerror}",
        where=sys.executable,
        fix="look whether it is still there",
        more="docs/watch.md",
    )


def environment(asked: Asked, before: os._Environ[str] | dict[str, str]) -> dict[str, str]:
    """The variables with which the program's Python starts; it takes ours away again."""
    told = {
        "words": len(asked.words),
        "out": asked.out,
        "quiet": asked.quiet,
        "moments": asked.moments,
        "report": asked.report,
        "check": asdict(asked.check) if asked.check is not None else None,
        "why": asdict(asked.why) if asked.why is not None else None,
    }
    place = str(Path(__file__).absolute().parents[2] / "startup")
    path = before.get("PYTHONPATH")
    ours = {
        TOLD: json.dumps(told),
        "PYTHONPATH": f"{place}{os.pathsep}{path}" if path else place,
    }
    if path is not None:
        ours[PATH_BEFORE] = path
    return {**before, **ours}


def flags_of(words: Sequence[str]) -> list[str]:
    """The interpreter's own options with which this process was started (python -O -m goingdeep).

    >>> flags_of(["python", "-O", "-W", "error", "-Xdev", "/bin/gd", "run", "-v"])
    ['-O', '-W', 'error', '-Xdev']
    >>> flags_of(["python", "-Bm", "goingdeep", "run"])
    ['-B']
    """
    found: list[str] = []
    left = list(words[1:])
    while left and left[0].startswith("-") and left[0] != "-":
        word = left.pop(0)
        if word in {"-W", "-X", "--check-hash-based-pycs"} and left:
            found += [word, left.pop(0)]
        elif word.startswith(("-W", "-X", "--")):
            found.append(word)
        else:
            letters = word[1:]
            end = min((i for i, letter in enumerate(letters) if letter in "cm"), default=None)
            if letters[:end]:
                found.append(f"-{letters[:end]}")
            if end is not None:
                break
    return found


def _refuse_used(out: str) -> None:
    from goingdeep.record.runs import refuse_used
    from goingdeep.watch.writing.ranks import rank_and_size

    if rank_and_size()[0]:
        return  # the first rank has made it, perhaps already
    try:
        refuse_used(Path(out))
    except RunExistsError as error:
        error.fix = "choose a new folder: gd run --out DIR ..."
        raise
