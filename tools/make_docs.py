"""Write the tables of docs/ that follow from the code; `--check` only says whether they do.

A table stands between `<!-- made by tools/make_docs.py: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import functools
import json
import re
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from goingdeep.record.events import KNOWN
from goingdeep.train import settings
from goingdeep.train.recipes import RECIPES

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(
    r"(<!-- made by tools/make_docs\.py: ([\w-]+) -->\n).*?(<!-- end -->)", flags=re.DOTALL
)


def recipes() -> list[list[str]]:
    """What each recipe sets; an empty cell is the default."""
    keys = [key for key in settings.KEYS if any(key in values for values in RECIPES.values())]
    rows = [["setting", *(f"`{name}`" for name in RECIPES), "default"]]
    for key in keys:
        chosen = [_value(values[key]) if key in values else "" for values in RECIPES.values()]
        rows.append([f"`{key}`", *chosen, _value(settings._DEFAULTS[key])])  # noqa: SLF001
    return rows


def all_settings() -> list[list[str]]:
    """Every key, what it may be and what it is when nobody says."""
    return [
        ["setting", "values", "default"],
        *([f"`{key}`", _allowed(key), _value(settings._DEFAULTS[key])] for key in settings.KEYS),  # noqa: SLF001
    ]


def events() -> list[list[str]]:
    """Every kind of event with its own fields."""
    rows = [["kind", "what it says", "fields"]]
    for kind in typing.get_args(KNOWN):
        first = re.split(r"\.(?=\s|$)", kind.__doc__ or "")[0]
        fields = ", ".join(f"`{name}`" for name in kind.__annotations__)
        rows.append([f"`{kind.__struct_config__.tag}`", " ".join(first.split()), fields])
    return rows


def card(name: str) -> list[list[str]]:
    """A model's layers; of a deep one those that multiply."""
    from goingdeep import models

    made = models.card(models.build(name, 1, 28, 28, 10), 1, 28, 28)
    rows = [["layer", "takes", "gives", "parameters", "multiply-adds"]]
    for row in made.rows:
        if name != "resnet" or row.multiply_adds:
            numbers = f"{row.parameters:,}", f"{row.multiply_adds:,}"
            rows.append([row.layer, f"`{row.takes}`", f"`{row.gives}`", *numbers])
    return [*rows, [f"all of `{name}`", "", "", f"{made.parameters:,}", f"{made.multiply_adds:,}"]]


TABLES: dict[str, Callable[[], list[list[str]]]] = {
    "recipes": recipes,
    "settings": all_settings,
    "events": events,
    **{name: functools.partial(card, name) for name in ("mlp", "cnn", "resnet")},
}


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`" if text else '`""`'


def _allowed(key: str) -> str:
    kind = settings._TYPES[key]  # noqa: SLF001
    if typing.get_origin(kind) is Literal:
        return ", ".join(_value(choice) for choice in typing.get_args(kind))
    if kind in (int, float):
        low, high = settings._BOUNDS[key]  # noqa: SLF001
        whole = "whole number" if kind is int else "number"
        return (
            f"{whole}, {low:,g} or more"
            if high == settings.LARGEST
            else f"{whole}, {low:,g} to {high:,.10g}"
        )
    return "`true`, `false`" if kind is bool else "text"


def table(rows: list[list[str]]) -> str:
    """Rows as Markdown, the first one as the heading."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


def filled(text: str) -> str:
    """A page with every table as the code has it."""
    return BLOCK.sub(lambda block: block[1] + table(TABLES[block[2]]()) + block[3], text)


def main() -> int:
    """Write the pages, or with --check name those that differ."""
    stale = [page for page in sorted(DOCS.glob("*.md")) if filled(_read(page)) != _read(page)]
    for page in stale:
        if "--check" in sys.argv:
            print(f"docs/{page.name} is not what the code says; run: python tools/make_docs.py")
        else:
            page.write_text(filled(_read(page)), encoding="utf-8")
            print(f"docs/{page.name} written")
    return int(bool(stale) and "--check" in sys.argv)


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
