"""The words of `gd check` and `gd rules`. What they do is in checked.py and checked_program.py."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from cyclopts import Parameter

from goingdeep.errors import SettingsError, printable
from goingdeep.terminal import fitted, refuse_existing, say, write_new
from goingdeep.words import many

Names = tuple[str, ...]


def check(
    run: Annotated[
        str, Parameter(help="A run (a path, a name in runs/, or latest), or a program to run now.")
    ] = "latest",
    /,
    *arguments: Annotated[str, Parameter(help="The program's own arguments and options.")],
    face: Annotated[
        str, Parameter(name="--format", help="text, json, sarif or github (annotations).")
    ] = "text",
    output: Annotated[str, Parameter(help="Write the report to this new file.")] = "",
    fail_on: Annotated[
        str, Parameter(help="Exit with 1 from this severity on: error, warning or hint.")
    ] = "",
    disable: Annotated[Names, Parameter(help="Leave a rule out.", negative="")] = (),
    enable: Annotated[
        Names, Parameter(help="Run a rule that is off by default.", negative="")
    ] = (),
    baseline: Annotated[str, Parameter(help="Findings that are known and do not count.")] = "",
    write_baseline: Annotated[
        bool, Parameter(help="Write all findings to the baseline.", negative="")
    ] = False,
    steps: Annotated[int | None, Parameter(help="End the program after so many steps.")] = None,
    seconds: Annotated[
        float | None, Parameter(help="End the program so long after its first step.")
    ] = None,
    out: Annotated[str, Parameter(help="The run's folder, new or empty (default: in runs/).")] = "",
    prove: Annotated[
        bool, Parameter(help="Replay some steps with and without what is wrong.", negative="")
    ] = False,
    probes: Annotated[bool, Parameter(help="Try out the program's models, on copies.")] = True,
) -> None:
    """Find silent mistakes, each with its evidence and a line of the source.

    gd check RUN judges a recorded run. gd check [OPTIONS] train.py [ITS ARGUMENTS] runs a program
    (-m MODULE works too), watched, and judges what it did; the report then goes to the error
    stream, and everything after the program's name is the program's.

    Exit code 1 where an error was found (or what --fail-on says), 2 where nothing could be judged.
    """
    from goingdeep.checked import check_record, face_of

    if output:  # said now, not after a long training
        refuse_existing(output, more="docs/check.md")
    face_of(face)
    how: dict[str, Any] = {
        "disable": disable,
        "enable": enable,
        "fail_on": fail_on,
        "baseline": baseline or None,
        "write": write_baseline,
    }
    if arguments or is_program(run):
        from goingdeep.checked_program import check_program, where

        done = check_program(
            (run, *arguments),
            out=out or None,
            steps=steps,
            seconds=seconds,
            probes=probes,
            prove=prove,
            aloud=face == "text" or bool(output),  # else the report alone is on the error stream
            **how,
        )
        if done.speaks:
            end = where(done.folder) if done.folder is not None and face == "text" else ""
            _report(done.checked, face, output, stream=sys.stderr, end=end)
        code = done.exit_code
    else:
        for name, given in (
            ("--steps", steps is not None), ("--seconds", seconds is not None), ("--out", out),
            ("--no-probes", not probes),
        ):  # fmt: skip
            if given:
                raise SettingsError(
                    f"{name} is for a program that is run now, and {printable(run)} is a recorded run",
                    fix=f"gd check {name} ... SCRIPT.py, or leave {name} out",
                    more="docs/check.md#a-program",
                )
        if prove:
            from goingdeep.proving import prove_record

            prove_record(run)
        checked = check_record(run, **how)
        _report(checked, face, output, stream=sys.stdout)
        code = checked.exit_code
    if code:
        sys.exit(code)


def _report(checked: Any, face: str, output: str, *, stream: Any, end: str = "") -> None:
    text = checked.text(face)
    written = []
    if checked.written is not None:
        written.append(f"{many(checked.written, 'finding')} written to the baseline")
    if output:
        write_new(Path(output), text + "\n")
        written.append(f"written to {printable(output)}")
    text = "\n".join(written) or text
    text = fitted(text, stream) if face == "text" else text
    text = f"{text}\n\n{end}" if end else text
    if stream is sys.stdout:
        say(text)
    else:
        print(text, file=stream, flush=True)


def rules(
    name: Annotated[str, Parameter(help="A rule, to read its page.")] = "",
    /,
) -> None:
    """List the mistakes that gd check finds, or print one rule's page."""
    from goingdeep.check.catalogue import find, listing, page
    from goingdeep.show.page import width_of_terminal

    # A pipe gets a line a rule, for grep.
    width = width_of_terminal() if sys.stdout.isatty() else 0
    say(page(find(name)) if name else listing(width), end="" if name else "\n")


def marked(words: Sequence[str]) -> list[str]:
    """The words of `gd check`, with `--` before a program: what follows is not ours to read.

    >>> marked(["--steps", "9", "train.py", "--steps", "2"])
    ['--steps', '9', '--', 'train.py', '--steps', '2']
    >>> marked(["latest", "--format", "json"])
    ['latest', '--format', 'json']
    """
    with_value = {f"--{name}" for name, takes in options().items() if takes}
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            break
        if word in {"-m", "-"} or not word.startswith("-"):
            if is_program(word):
                return [*words[:at], "--", *words[at:]]
            break
        at += 2 if word in with_value else 1
    return list(words)


def options() -> dict[str, bool]:
    """Our options by their names: whether each takes a value."""
    found = {}
    hints = get_type_hints(check, include_extras=True)
    for name, parameter in inspect.signature(check).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            kind, meant = get_args(hints[name])[:2]
            spelled = meant.name[0].lstrip("-") if meant.name else name.replace("_", "-")
            found[spelled] = kind is not bool
    return found


def is_program(word: str) -> bool:
    """Whether a program stands where a run could stand. One that is not there counts by its name.

    >>> is_program("-m"), is_program("latest"), is_program("nowhere/train.py")
    (True, False, True)
    """
    if word in {"-m", "-"}:
        return True
    if os.path.isdir(word):  # noqa: PTH112 - pathlib raises where a name is too long
        return os.path.isfile(os.path.join(word, "__main__.py"))  # noqa: PTH113, PTH118
    return os.path.isfile(word) or word.endswith((".py", ".pyz", ".ipynb"))  # noqa: PTH113
