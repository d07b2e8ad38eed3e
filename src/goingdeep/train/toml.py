"""Settings as text: `key=value` from the command, and TOML files in and out."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

from goingdeep.errors import SettingsError
from goingdeep.record.manifest import Setting
from goingdeep.train.settings import Value, check


def parse_assignment(text: str) -> tuple[str, Value]:
    """`key=value` as given to --set; the value is read as TOML, and as text where that fails.

    Raises:
        SettingsError: there is no "=".
    """
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals:
        raise SettingsError(
            f"--set expects key=value, got {text!r}",
            fix="--set optimizer.lr=0.1",
            more="docs/recipes.md",
        )
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except (ValueError, KeyError, RecursionError):
        parsed = value.strip()
    return key, check(key, parsed)


def read_toml(path: Path) -> dict[str, Value]:
    """Settings from a file, as `to_toml` writes them.

    Raises:
        SettingsError: the file cannot be read, is not TOML or holds a key or value that is wrong.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"cannot read {path}: {error.strerror}",
            fix="--config FILE, such as a run's settings.toml",
            more="docs/recipes.md",
        ) from error
    except (ValueError, RecursionError) as error:  # not TOML, or not UTF-8
        raise SettingsError(
            f"{path} is not TOML: {error}",
            fix='write key = value lines, text in quotes: model = "mlp"',
            more="docs/recipes.md",
        ) from error
    flat: dict[str, Value] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{k}": check(f"{key}.{k}", v) for k, v in value.items()}
        else:
            flat[key] = check(key, value)
    return flat


def to_toml(values: Mapping[str, Setting]) -> str:
    """All settings as TOML, each with its origin as a comment; `read_toml` reads it back."""
    lines, section = [], ""
    for key, setting in values.items():
        head, _, name = key.rpartition(".")
        if head != section:
            section = head
            lines.append(f"\n[{head}]")
        reason = f": {setting.reason}" if setting.reason else ""
        lines.append(f"{name} = {_toml_value(setting.value)}  # {setting.origin}{reason}")
    return "\n".join(lines) + "\n"


def _toml_value(value: Value) -> str:
    if isinstance(value, str):
        # A TOML string is a JSON string, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value) if isinstance(value, bool) else repr(value)
