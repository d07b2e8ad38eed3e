"""The programs that are judged, and what is said of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cases.reading import every

TESTS = Path(__file__).parents[2] / "tests"
HEALTHY = {"healthy": TESTS / "rules" / "healthy", "framework": TESTS / "cases" / "healthy"}
MOST_WORDS, MOST_SAID = 200, 40


@dataclass(frozen=True)
class Program:
    """kind: "case", "twin", "healthy" or "framework" (a healthy one under a framework).

    rule: the mistake of a case and of its twin.
    """

    name: str
    kind: str
    path: Path
    rule: str = ""


@dataclass(frozen=True)
class Answer:
    """What a tool said of a program, as (code, severity, message); error: why it said nothing."""

    tool: str
    program: Program
    said: tuple[tuple[str, str, str], ...] = ()
    error: str = ""
    seconds: float = 0.0
    cpu: float = 0.0

    def brief(self) -> dict[str, Any]:
        """For the result file."""
        return {
            "tool": self.tool, "program": self.program.name, "kind": self.program.kind,
            "said": [
                [code, severity, words[:MOST_WORDS]]
                for code, severity, words in self.said[:MOST_SAID]
            ],
            "more": max(0, len(self.said) - MOST_SAID),
            "error": self.error[:MOST_WORDS], "seconds": round(self.seconds, 4),
            "cpu": round(self.cpu, 4),
        }  # fmt: skip


def programs(folder: Path, only: Collection[str] | None = None) -> list[Program]:
    """All cases, twins and healthy programs, written to a folder of their own."""
    found = []
    for case in every():
        if only is None or case.name in only:
            for kind, text in (("case", case.path.read_text()), ("twin", case.twin)):
                path = folder / kind / case.path.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                found.append(Program(case.name, kind, path, case.rule))
    if only is None:
        for kind, place in HEALTHY.items():
            found += [Program(path.stem, kind, path) for path in sorted(place.glob("*.py"))]
    return found
