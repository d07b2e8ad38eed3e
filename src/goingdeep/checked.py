"""Judging a run from start to end: the record, the project's settings, comments, the baseline.

What `gd check` and Python both do. Reads the record and source files; never imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goingdeep.check import CheckSettings, Report, catalogue, check_processes
from goingdeep.check.baseline import apply_baseline, write_baseline
from goingdeep.check.catalogue import find
from goingdeep.check.faces import FACES
from goingdeep.check.judge import NO_END
from goingdeep.check.proof import add_proofs
from goingdeep.check.settings import settings_of_program, severity_of
from goingdeep.check.source import apply_ignores
from goingdeep.errors import SettingsError, UnknownNameError
from goingdeep.record import find_run, read_manifest
from goingdeep.record.event import CUT_SHORT
from goingdeep.record.log import LATER
from goingdeep.record.manifest import Manifest
from goingdeep.record.reading import Seen, read_processes
from goingdeep.record.runs import short_name


@dataclass(frozen=True)
class Checked:
    """The verdict on a run, and the settings it was reached under.

    written: findings that were written to the baseline; None where that was not asked for.
    cut_short: by what the program was ended before it would have, on our side; "" where it was not.
    """

    report: Report
    settings: CheckSettings
    written: int | None = None
    cut_short: str = ""

    @property
    def exit_code(self) -> int:
        """0: nothing as bad as asked; 1: something is; 2: nothing could be judged."""
        if self.written is not None:
            return 0
        return self.report.exit_code(self.settings.fail_on)

    def text(self, face: str = "text") -> str:
        """The report as text, json, sarif or github."""
        return face_of(face)(self.report)


def check_record(
    run: str | Path = "latest",
    *,
    disable: Sequence[str] = (),
    enable: Sequence[str] = (),
    fail_on: str = "",
    baseline: str | Path | None = None,
    write: bool = False,
) -> Checked:
    """Judge a recorded run by every rule.

    Args:
        run: a path, a name in runs/, or "latest".
        disable, enable: rules, added to those of the project's settings.
        fail_on: "error" or "warning" (or "hint"); "" leaves it to the settings.
        baseline: a file of findings that are known. write: write it instead of reading it.
    Raises:
        RunNotFoundError, RunFormatError: no such run, or a damaged one. SettingsError: a setting
        that cannot be. UnknownNameError: no rule of that name.
    """
    folder = find_run(run)
    manifest = read_manifest(folder)  # refuses a run that is damaged or of a newer format
    processes = read_processes(folder)
    settings = project_settings(processes, disable=disable, enable=enable, fail_on=fail_on)
    place = baseline_of(settings, baseline, write=write)
    report = check_processes(processes, settings, name=short_name(folder))
    early = _ends_early(manifest, processes)
    if early:
        report.notes = [note for note in report.notes if note != NO_END] + [early]
    add_proofs(report, folder)
    files = {site.file for seen in processes for site in seen.sites.values()}
    apply_ignores(report, files, catalogue())
    cut_short = next(
        (gap.reason for seen in processes for gap in seen.gaps if gap.what == CUT_SHORT), ""
    )
    written = None
    if write and place is not None:
        written = write_baseline(report, place)
    elif place is not None:
        apply_baseline(report, place)
    return Checked(report, settings, written, cut_short)


def baseline_of(
    settings: CheckSettings, baseline: str | Path | None, *, write: bool
) -> Path | None:
    """The file of known findings, if there is one.

    Raises:
        SettingsError: it is to be written, and nobody said where.
    """
    place = Path(baseline) if baseline else settings.baseline
    if write and place is None:
        raise SettingsError(
            "--write-baseline expects a file to write to",
            fix="gd check RUN --baseline FILE --write-baseline",
            more="docs/check.md#baseline",
        )
    return place


def face_of(name: str) -> Callable[[Report], str]:
    """What draws a report: text, json, sarif or github.

    Raises:
        UnknownNameError: no such face.
    """
    if name not in FACES:
        raise UnknownNameError.of("format", name, FACES, more="gd check --help")
    return FACES[name]


def _ends_early(manifest: Manifest, processes: Sequence[Seen]) -> str:
    """What is to be said of a record that ends before the program did; "" for a whole one."""
    steps = max((seen.steps for seen in processes), default=0)
    if any(gap.what == LATER for seen in processes for gap in seen.gaps):
        return "the record was full before the program had ended: some of it was not seen"
    if (
        manifest.kind == "watch"
        and manifest.error
        and manifest.status in ("finished", "interrupted")
    ):
        return (
            f"the record ends at step {steps:,}, before the program did ({manifest.error}): what came "
            "later was not seen"
        )
    return ""


def asked_settings(asked: Mapping[str, Any]) -> CheckSettings:
    """The settings under which `gd check PROGRAM` judges, for its program's own process.

    Args:
        asked: disable, enable and baseline, as the command was told.
    """
    chosen = project_settings((), disable=asked["disable"], enable=asked["enable"])
    return replace(chosen, baseline=Path(asked["baseline"])) if asked["baseline"] else chosen


def project_settings(
    processes: Sequence[Seen],
    *,
    disable: Sequence[str] = (),
    enable: Sequence[str] = (),
    fail_on: str = "",
) -> CheckSettings:
    """The settings of the program's project, else of the current folder, and what was asked."""
    found = settings_of_program(processes, catalogue())
    for name in (*disable, *enable):
        find(name)
    return replace(
        found,
        disable=(*(name for name in found.disable if name not in enable), *disable),
        enable=(*found.enable, *enable),
        fail_on=severity_of(fail_on, "--fail-on") if fail_on else found.fail_on,
    )
