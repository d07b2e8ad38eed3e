"""A baseline: findings that are known and accepted, so that only new ones count.

A finding is the same as one in the file where rule, file and the text of the line agree; its number
may have moved.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from pathlib import Path

import msgspec

from goingdeep.check.report import Report
from goingdeep.check.rule import Finding
from goingdeep.check.source import short
from goingdeep.errors import RunExistsError, SettingsError, WriteError
from goingdeep.record.encoding import UNREADABLE, indented
from goingdeep.record.files import write_atomic, write_error
from goingdeep.words import many

FORMAT = 1
MORE = "docs/check.md#baseline"


class Known(msgspec.Struct, frozen=True):
    """One accepted finding; count: at how many places of the same text."""

    rule: str
    file: str
    source: str
    count: int = 1


class Baseline(msgspec.Struct, forbid_unknown_fields=True):
    """The file. `goingdeep_baseline` is its format, and says what the file is."""

    goingdeep_baseline: int
    findings: list[Known] = []


def apply_baseline(report: Report, path: Path) -> None:
    """Move known findings out of the report's list, and say which are no longer found.

    Raises:
        SettingsError: the file is not there, or is no baseline.
    """
    baseline = read_baseline(path)
    left: Counter[tuple[str, str, str]] = Counter()
    for known in baseline.findings:
        left[known.rule, known.file, known.source] += known.count
    kept = []
    for finding in report.findings:
        if left[_key(finding)] > 0:
            left[_key(finding)] -= 1
            report.known.append(finding)
        else:
            kept.append(finding)
    report.findings = kept
    gone = sum(count for count in left.values() if count > 0)
    if gone:
        are = "is" if gone == 1 else "are"
        report.notes.append(f"{many(gone, 'finding')} of the baseline {are} gone: write it anew")


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file.

    Raises:
        SettingsError: it is not there, is no baseline, or a newer version wrote it.
    """
    if _is_there(path) and not path.is_file():  # a pipe would be waited for, a device has no end
        raise SettingsError(
            f"the baseline {path} is no ordinary file",
            fix="gd check RUN --baseline FILE --write-baseline", more=MORE,
        )  # fmt: skip
    try:
        baseline = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise SettingsError(
            f"the baseline {path} cannot be read: {(error.strerror or str(error)).lower()}",
            fix=f"gd check RUN --baseline {path} --write-baseline", more=MORE,
        ) from error  # fmt: skip
    except UNREADABLE as error:
        raise SettingsError(
            f"{path} is not a baseline", why=str(error)[:200],
            fix="gd check RUN --baseline NEW.json --write-baseline", more=MORE,
        ) from error  # fmt: skip
    if baseline.goingdeep_baseline > FORMAT:
        raise SettingsError(
            f"the baseline {path} has format {baseline.goingdeep_baseline}, "
            f"this Going Deep reads up to {FORMAT}",
            fix="pip install --upgrade goingdeep", more=MORE,
        )  # fmt: skip
    return baseline


def write_baseline(report: Report, path: Path) -> int:
    """Write every finding that is not ignored; returns how many.

    Raises:
        RunExistsError: something else stands in that file. WriteError: it cannot be written.
    """
    path = writable_baseline(path)
    counted = Counter(_key(finding) for finding in (*report.findings, *report.known))
    baseline = Baseline(FORMAT, [Known(*key, count) for key, count in sorted(counted.items())])
    try:
        write_atomic(path, f"{indented(baseline)}\n".encode())
    except WriteError as error:
        error.fix = "choose another place: --baseline FILE"
        raise
    return sum(counted.values())


def writable_baseline(path: Path) -> Path:
    """The file that a baseline is written to: where `path` is a link, the one that it points to.

    Raises:
        RunExistsError: something else stands in that file. SettingsError: no file has such a name.
        WriteError: it is kept from being written.
    """
    if _is_there(path):
        try:
            read_baseline(path)
        except SettingsError as error:
            raise RunExistsError(
                f"{path} is there already, and is no baseline that can be read",
                fix="choose another name",
                more=MORE,
            ) from error
        if not os.access(path, os.W_OK):  # replacing it would need the folder's permission only
            raise write_error(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    return Path(os.path.realpath(path))


def _is_there(path: Path) -> bool:
    if "\0" in str(path):
        raise SettingsError(
            f"no file is called {str(path)!r}", fix="gd check RUN --baseline FILE", more=MORE
        )
    return os.path.exists(path)  # noqa: PTH110 - pathlib raises where a name is too long


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, short(finding.file), finding.source
