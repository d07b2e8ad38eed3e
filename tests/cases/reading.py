"""What a case says of itself, and its fixed twin.

A case is a program with one mistake, written after a public issue. Its docstring says which rule is
to find it and at which line of the program (by its text; several are parted by ` | ` where the
mistake lies between them), how the program is written, and where the mistake happened:

    rule:   grads-not-cleared
    line:   loss.backward()
    style:  an executor class, argparse
    source: wenet-e2e/wekws#72

The twin is the same program, mended: lines that end with `# wrong` are left out, and what stands
behind `# fixed: ` is put in. Line numbers stay the same.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
WRONG, FIXED = "# wrong", "# fixed: "
FIELD = re.compile(r"^(rule|line|style|source):\s+(\S.*)$", flags=re.MULTILINE)
SOURCE = re.compile(r"^[\w.-]+/[\w.-]+#\d+$")
FRAMEWORKS = ("lightning", "fastai", "accelerate", "transformers", "skorch", "ignite", "keras")


@dataclass(frozen=True)
class Case:
    """A program with a mistake."""

    path: Path
    title: str
    rule: str
    lines: tuple[int, ...]
    style: str
    source: str
    twin: str
    """The text of the mended program."""

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Which of the frameworks it is written with."""
        text = self.path.read_text()
        return tuple(
            f for f in FRAMEWORKS if re.search(rf"^(from|import) {f}\b", text, re.MULTILINE)
        )


def read(path: Path) -> Case:
    """Read a case. Raises ValueError for a header that does not fit the program."""
    text = path.read_text()
    header = ast.get_docstring(ast.parse(text)) or ""
    fields = dict(FIELD.findall(header))
    if set(fields) != {"rule", "line", "style", "source"} or not SOURCE.match(fields["source"]):
        raise ValueError(f"{path.name}: the header has {sorted(fields)}")
    codes = [line.removesuffix(WRONG).strip() for line in text.splitlines()]
    places = []
    for wanted in fields["line"].split(" | "):
        found = [number for number, code in enumerate(codes, 1) if code == wanted]
        if len(found) != 1:
            raise ValueError(f"{path.name}: {wanted!r} is at {found or 'no line'}")
        places.append(found[0])
    title = header.splitlines()[0]
    return Case(
        path, title, fields["rule"], tuple(places), fields["style"], fields["source"], _mended(text)
    )


def _mended(text: str) -> str:
    lines = []
    for line in text.splitlines():
        code = line.lstrip()
        if line.endswith(WRONG):
            lines.append("")
        elif code.startswith(FIXED):
            lines.append(line[: len(line) - len(code)] + code.removeprefix(FIXED))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def every() -> list[Case]:
    """All cases, by name."""
    return [read(path) for path in sorted(PROGRAMS.glob("*.py"))]
