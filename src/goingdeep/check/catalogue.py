"""The rules there are: one folder each in `rules/`, found by looking.

Adding one edits nothing else. A folder is named after the mistake, with `_` for `-`, and holds
`rule.py` (page, `RULE`, `check`) beside scripts that show the mistake (`bad.py`) and its absence
(`good.py`, `fine_*.py`).
"""

from __future__ import annotations

import functools
import importlib
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from goingdeep.check.rule import SEVERITIES, Check, Rule
from goingdeep.errors import UnknownNameError

RULES = Path(__file__).parent / "rules"
NARROWEST = 24
"""Columns that a rule's sentence is folded to at least."""
HEADINGS = ("What happens", "Why it hurts", "How to fix it", "When it is fine", "Sources")
"""Of every rule's page, in this order."""


@dataclass(frozen=True)
class Entry:
    """A rule as the catalogue holds it. title: the page's first line; sections: by heading."""

    rule: Rule
    check: Check
    folder: Path
    title: str
    sections: dict[str, str]

    @property
    def why(self) -> str:
        """Why it hurts, in one sentence: the first of the page's section."""
        text = " ".join(self.sections.get("Why it hurts", "").split())
        sentence = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0].rstrip(".")
        # It goes on after "why:", so it begins small, unless with a name (BatchNorm).
        return re.sub(r"^[A-Z](?=[a-z]*\b)", lambda first: first[0].lower(), sentence)

    def example(self, name: str) -> str:
        """The text of `bad.py` or `good.py`; empty where there is none."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""


@functools.cache
def catalogue() -> dict[str, Entry]:
    """Every rule by its name: errors first, then by name."""
    entries = [
        entry_of(path.parent)
        for path in sorted(RULES.glob("*/rule.py"))
        if path.parent.name[0] != "_"
    ]
    entries.sort(key=lambda entry: (SEVERITIES.index(entry.rule.severity), entry.rule.name))
    return {entry.rule.name: entry for entry in entries}


def entry_of(folder: Path) -> Entry:
    """Read the rule in a folder."""
    module = importlib.import_module(f"{__package__}.rules.{folder.name}.rule")
    title, sections = parts_of_page(module.__doc__ or "")
    return Entry(module.RULE, module.check, folder, title, sections)


def parts_of_page(text: str) -> tuple[str, dict[str, str]]:
    r"""The title of a page and its sections, which may begin with an indented line of code.

    >>> parts_of_page("It is wrong.\n\n## How to fix it\n    x = 1\n\n## Sources\nThat.\n")
    ('It is wrong.', {'How to fix it': '    x = 1', 'Sources': 'That.'})
    """
    title, *rest = re.split(r"^## +(.+)$", text.strip(), flags=re.MULTILINE)
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return title.strip(), {heading.strip(): body.strip("\n").rstrip() for heading, body in pairs}


def find(name: str) -> Entry:
    """A rule by its name.

    Raises:
        UnknownNameError: there is none; names the nearest.
    """
    rules = catalogue()
    if name not in rules:
        raise UnknownNameError.of("rule", name, rules, more="gd rules")
    return rules[name]


REFERENCE = re.compile(r"(?<![\w/])([\w.-]+/[\w.-]+)#(\d+)")


def page(entry: Entry, *, links: bool = False) -> str:
    """A rule's page in Markdown.

    Args:
        entry: the rule.
        links: turn "owner/name#1" into a link to the issue.
    """
    rule = entry.rule
    off = "" if rule.on else ", off unless asked for"
    lines = [f"# {rule.name}", "", f"*{rule.severity}{off}.* {entry.title}", ""]
    for heading in HEADINGS:
        body = entry.sections.get(heading, "")
        if links:
            body = REFERENCE.sub(r"[\g<0>](https://github.com/\1/issues/\2)", body)
        lines += [f"## {heading}", "", body, ""]
    for name, heading in (("bad.py", "With the mistake"), ("good.py", "Without it")):
        code = entry.example(name).strip()
        if code:
            lines += [f"## {heading}", "", "```python", code, "```", ""]
    lines += [
        f"`--prove` does not replay it: {rule.unproved}."
        if rule.unproved
        else "`gd check --prove` replays the program's own steps with and without it.",
        "",
    ]
    if rule.silenced_by:
        lines += [f"Silent beside: {', '.join(rule.silenced_by)}.", ""]
    lines.append(f"To accept it on one line: `# gd: ignore[{rule.name}]`.")
    return "\n".join(lines) + "\n"


def listing(width: int = 0) -> str:
    """A rule a line, for the terminal.

    Args:
        width: columns to fold the sentences to; 0 leaves each on its line, as for a pipe.
    """
    rules = catalogue()
    widest = max((len(name) for name in rules), default=0)
    lines = []
    for name, entry in rules.items():
        start = f"{entry.rule.severity:<8} {name:<{widest}}  "
        text = entry.title + ("" if entry.rule.on else " (off unless asked for)")
        room = max(width - len(start), NARROWEST) if width else len(text)
        lines.append(start + f"\n{' ' * len(start)}".join(textwrap.wrap(text, room)))
    return "\n".join(lines)
