"""`gd check PROGRAM`: the program runs watched, in a process of its own; its record is judged after.

The program is Python's as under `gd run`, with our input, output and errors. Judging is left to this
process, which imports no torch: so a program that is killed, or ends by os._exit, is judged too.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goingdeep.check import CheckSettings, catalogue
from goingdeep.check.baseline import read_baseline, writable_baseline
from goingdeep.check.proof import FILE
from goingdeep.check.settings import read_settings
from goingdeep.checked import Checked, baseline_of, check_record, project_settings
from goingdeep.errors import SettingsError, printable
from goingdeep.record.log import other_ranks
from goingdeep.record.runs import short_name

PATIENCE = 5.0
"""Seconds that the first rank waits for the records of the others."""

YEAR_SECONDS = 365 * 24 * 3600
"""A timer cannot wait for ever; who asks for longer means no end at all."""


@dataclass(frozen=True)
class CheckedProgram:
    """What came of a program: the verdict, and where its record is.

    folder: None where nothing was recorded. failed: whether it ended with an error of its own.
    speaks: whether this process is the one of all ranks that reports.
    """

    checked: Checked
    folder: Path | None
    failed: bool
    speaks: bool = True

    @property
    def exit_code(self) -> int:
        """That of the verdict; 2 for a program that failed, and showed nothing wrong before."""
        return self.checked.exit_code or 2 * self.failed


def check_program(
    words: Sequence[str],
    *,
    out: str | None = None,
    steps: int | None = None,
    seconds: float | None = None,
    probes: bool = True,
    prove: bool = False,
    aloud: bool = False,
    **settings: Any,
) -> CheckedProgram:
    """Run a program watched, and judge what it did.

    Args:
        words: the program and its arguments, as python would be given them.
        out: the run's folder, new or empty; by default one in runs/.
        steps, seconds: end it after so many; None for never. probes: models may be tried out on copies.
        prove: replay the program's own steps with and without each mistake that can be mended.
        aloud: say on the error stream what is found as soon as it is certain.
        **settings: as in `check_record`.
    Raises:
        ScriptError, RunExistsError, SettingsError, UnknownNameError: before it is started.
    """
    from goingdeep.watch.program.child import folder_told, run_to_end
    from goingdeep.watch.program.script import Asked, CheckAsked

    if (steps is not None and steps < 1) or (
        seconds is not None and not 0 < seconds <= YEAR_SECONDS
    ):
        raise SettingsError(
            "--steps and --seconds expect a number above 0",
            fix="gd check --steps 200 SCRIPT.py",
            more="gd check --help",
        )
    # What is misspelled is said before a long training, not after it.
    known = {name: value for name, value in settings.items() if name not in {"baseline", "write"}}
    chosen = project_settings((), **known)
    _refuse_baseline(_beside(words[0]) or chosen, **settings)
    with tempfile.TemporaryDirectory(prefix="gd-check-") as place:
        told = Path(place) / "run"
        asked = CheckAsked(
            str(told), steps or 0, seconds or 0.0, probes, prove, aloud,
            tuple(settings.get("disable", ())), tuple(settings.get("enable", ())),
            _known(settings),
        )  # fmt: skip
        code = run_to_end(Asked(tuple(words), out, quiet=True, check=asked))
        folder = folder_told(told)
    speaks = os.environ.get("RANK", "0") == "0"
    if folder is None:
        checked = Checked(_nothing(speaks=speaks), chosen)
        return CheckedProgram(checked, None, bool(code), speaks)
    if speaks:
        other_ranks(folder, seconds=PATIENCE)
    checked = check_record(folder, **settings)
    early = checked.cut_short
    if early:
        checked.report.notes.append(f"{early}: what it does later was not seen")
    elif code and code != -signal.SIGINT:
        checked.report.notes.append(_how_it_ended(code))
    if prove and not (folder / FILE).exists():
        checked.report.notes.append("nothing was proved: the program did not come to its end")
    failed = bool(code) and code != -signal.SIGINT and not early
    return CheckedProgram(checked, folder, failed, speaks)


def _beside(program: str) -> CheckSettings | None:
    """The settings of the project that a program's file lies in, if there are any."""
    if not os.path.isfile(program):  # noqa: PTH113 - pathlib raises where a name is too long
        return None
    found = read_settings(Path(program).absolute().parent, catalogue())
    return found if found.file is not None else None


def _refuse_baseline(
    chosen: CheckSettings, *, baseline: str | None = None, write: bool = False, **_others: Any
) -> None:
    """Raise where the baseline cannot be read, or written, when the program has ended."""
    place = baseline_of(chosen, baseline, write=write)
    if place is not None and write:
        writable_baseline(place)
    elif place is not None:
        read_baseline(place)


def _known(settings: dict[str, Any]) -> str | None:
    """The baseline that was named, where it is read; the program may go to another folder."""
    place = None if settings.get("write") else settings.get("baseline")
    return str(Path(place).absolute()) if place else None


def _nothing(*, speaks: bool) -> Any:
    from goingdeep.check import Report

    reason = "nothing was recorded: torch was never imported, or the record could not be written"
    return Report(notes=[reason] if speaks else [])


def _how_it_ended(code: int) -> str:
    if code > 0:
        return f"the program ended with exit code {code}"
    try:
        return f"the program was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"the program was ended by signal {-code}"


def where(folder: Path) -> str:
    """Where the record is, and what to do with it: the last lines of a report."""
    place = short_name(folder)
    return (
        f"run      {printable(str(folder))}\n\ntry next\n"
        f"  gd view {place}   step through it in the browser\n"
        f"  gd show {place}   the loop, in words"
    )
