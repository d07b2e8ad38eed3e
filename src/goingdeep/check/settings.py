"""`[tool.goingdeep]` in a project's pyproject.toml: which rules run, and how bad they are.

[tool.goingdeep]
disable = ["unshuffled-train"]
enable = ["selection-on-test"]
fail-on = "warning"
baseline = "goingdeep-baseline.json"

[tool.goingdeep.severity]
ga-not-scaled = "warning"
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from goingdeep.check.rule import SEVERITIES, Severity
from goingdeep.errors import GoingDeepError, SettingsError, UnknownNameError
from goingdeep.record.runs import here

if TYPE_CHECKING:
    from goingdeep.record.reading import Seen

KEYS = ("disable", "enable", "severity", "fail-on", "baseline")
LARGEST = 1 << 20
"""Bytes of a pyproject.toml that is read: its place comes from a record, which anyone can write."""
MOST_PARTS = 32
"""Of a dotted key: tomllib's time grows with their square, to minutes for 40,000 of them."""
MORE = "docs/check.md#settings"
E = TypeVar("E")

_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(
    rf"^[ \t\[]*+{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{MOST_PARTS}}}", re.MULTILINE
)
"""At the start of a line; nothing in it is tried twice."""


@dataclass(frozen=True)
class CheckSettings:
    """What the user asked of the rules.

    file: where it was written; None where nobody wrote anything.
    """

    disable: tuple[str, ...] = ()
    enable: tuple[str, ...] = ()
    severity: dict[str, Severity] = field(default_factory=dict)
    fail_on: Severity = "error"
    baseline: Path | None = None
    file: Path | None = None

    def chosen(self, rules: Mapping[str, E]) -> dict[str, E]:
        """The rules that run."""
        return {
            name: entry
            for name, entry in rules.items()
            if name not in self.disable and (_is_on(entry) or name in self.enable)
        }


def _is_on(entry: Any) -> bool:
    return bool(entry.rule.on)


def read_settings(start: Path, rules: Iterable[str]) -> CheckSettings:
    """The settings of the project that a folder belongs to.

    Args:
        start: a folder; the nearest pyproject.toml at or above it counts.
        rules: names of all rules.

    Raises:
        SettingsError: a value that cannot be. UnknownNameError: no such key or rule.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if not os.path.isfile(path):  # noqa: PTH113 - says False where pathlib raises
            continue
        try:
            with path.open("rb") as file:
                content = tomllib.loads(_text(file.read(LARGEST + 1)))
        except (OSError, ValueError, RecursionError) as error:
            raise SettingsError(
                f"{path} cannot be read as TOML", why=str(error), fix="mend it", more=MORE
            ) from error
        tool = content.get("tool", {})
        table = tool.get("goingdeep", {}) if isinstance(tool, dict) else {}
        return settings_of(table, rules, path)
    return CheckSettings()


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    # TOML's line ends, as a file opened for text would give them.
    text = content.decode("utf-8").replace("\r\n", "\n")
    if found := _LONG_KEY.search(text):
        line = text.count("\n", 0, found.end()) + 1
        raise ValueError(f"the key in line {line:,} has more than {MOST_PARTS} parts")
    return text


def settings_of_program(processes: Iterable[Seen], rules: Iterable[str]) -> CheckSettings:
    """The settings of the project that a program belongs to, else of the current folder's.

    Args:
        processes: what was seen of it. rules: names of all rules.

    Raises:
        SettingsError: a value that cannot be. UnknownNameError: no such key or rule.
    """
    rules = tuple(rules)
    found = CheckSettings()
    for folder in (*_folders(processes), here()):
        found = read_settings(folder, rules)
        if found.file is not None:
            break
    return found


def _folders(processes: Iterable[Seen]) -> list[Path]:
    """The folder of the program's first line that was recorded, if it is still there."""
    for seen in processes:
        for site in seen.sites.values():
            folder = Path(site.file).parent
            there = os.path.isdir(folder)  # noqa: PTH112 - pathlib raises where a name is too long
            if there and folder.is_absolute() and not site.file.startswith("<"):
                return [folder]
    return []


def settings_if_right(processes: Iterable[Seen], rules: Iterable[str]) -> CheckSettings:
    """Those of `settings_of_program`; the usual ones where they are wrong.

    For what runs beside something else: `gd check` says what is wrong with them.
    """
    try:
        return settings_of_program(processes, rules)
    except GoingDeepError:
        return CheckSettings()


def settings_of(table: Any, rules: Iterable[str], path: Path) -> CheckSettings:
    """The settings in a table of TOML."""
    if not isinstance(table, dict):
        raise _wrong(path, "tool.goingdeep", "a table", table)
    names = set(rules)
    for key in table:
        if key not in KEYS:
            raise UnknownNameError.of(
                f"setting in [tool.goingdeep] of {path}", key, KEYS, more=MORE
            )
    severity = table.get("severity", {})
    if not isinstance(severity, dict):
        raise _wrong(path, "severity", "a table of rule = severity", severity)
    known = {_rule(path, "severity", name, names): _severity(path, f"severity.{name}", value)
             for name, value in severity.items()}  # fmt: skip
    baseline = table.get("baseline")
    if baseline is not None and not isinstance(baseline, str):
        raise _wrong(path, "baseline", "a file's name", baseline)
    return CheckSettings(
        disable=_rules(path, "disable", table.get("disable", []), names),
        enable=_rules(path, "enable", table.get("enable", []), names),
        severity=known,
        fail_on=_severity(path, "fail-on", table.get("fail-on", "error")),
        baseline=path.parent / baseline if baseline else None,
        file=path,
    )


def _rules(path: Path, key: str, value: Any, names: set[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _wrong(path, key, "a list of rules", value)
    return tuple(_rule(path, key, name, names) for name in value)


def _rule(path: Path, key: str, name: str, names: set[str]) -> str:
    if name not in names:
        unknown = UnknownNameError.of("rule", name, names, more="gd rules")
        unknown.where = f"{key} in {path}"
        raise unknown
    return name


def severity_of(text: str, where: str = "") -> Severity:
    """A severity by its name."""
    for severity in SEVERITIES:
        if text == severity:
            return severity
    raise SettingsError(
        f"a severity is one of {', '.join(SEVERITIES)}, got {text!r}",
        where=where, fix="error, warning or hint", more=MORE,
    )  # fmt: skip


def _severity(path: Path, key: str, value: Any) -> Severity:
    return severity_of(value if isinstance(value, str) else repr(value)[:80], f"{key} in {path}")


def _wrong(path: Path, key: str, expected: str, value: Any) -> SettingsError:
    return SettingsError(
        f"{key} expects {expected}, got {repr(value)[:80]}",
        where=str(path), fix=f"write {key} as {expected}", more=MORE,
    )  # fmt: skip
