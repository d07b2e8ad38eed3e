"""Begin a lesson of gd why: `python tools/new_lesson.py topic` makes its folder."""

from __future__ import annotations

import re
import sys
from pathlib import Path

LESSONS = Path(__file__).parent.parent / "src" / "goingdeep" / "why" / "lessons"

LESSON = '''"""What does a learner ask?

## Short answer
Two or three sentences that are right.

## Asked as
* the words that people use, the names of functions that they type
* the other way round

## Sources
* PyTorch, what the page is: https://docs.pytorch.org/docs/stable/index.html

## Read next
zero-grad, learning
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import number
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.{folder}.measured import Found, measure


def recorded(seen: Seen) -> Iterator[Blocks]:
    """What the record alone shows."""
    yield Text(f"{number(seen.steps)} steps were done.")


def see(found: Found) -> Iterator[Blocks]:
    """Numbers of this run."""
    ends = (number(found.recorded[0]), number(found.recorded[-1]))
    yield Table("losses", ("first", "last"), (ends,), "rr")


def broken(found: Found) -> Iterator[Blocks]:
    """The mistake, carried out."""
    yield from damage(found.recorded, [found.still], title="the loss, step by step")


def _moves(found: Found) -> Judged:
    gain = found.still.end - found.recorded[-1]
    said = f"Without a step the loss ends {number(gain)} higher."
    return judged("true" if gain > 0 else "false", said, gain=gain)


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("A step makes the loss smaller.", _moves),
        Claim("Another belief.", _moves),
    ),
    places=("step",),
)
'''


MEASURED = '''"""What {name} measures."""

from __future__ import annotations

from dataclasses import dataclass

from goingdeep.watch.moments.variant import Variant
from goingdeep.why.damage import Trial
from goingdeep.why.lab import Lab


@dataclass(frozen=True)
class Found:
    """What was measured."""

    recorded: list[float]
    still: Trial


def measure(lab: Lab) -> Found:
    """The moment without a step."""
    return Found(lab.recorded, lab.trial(Variant("without a step", step=False)))
'''


def main(name: str) -> int:
    """Make the folder; returns the exit code."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        print(f"a topic is named in small letters with hyphens; got {name!r}")
        return 2
    folder = LESSONS / name.replace("-", "_")
    if folder.exists():
        print(f"{folder} is there already")
        return 2
    folder.mkdir()
    lesson = LESSON.replace("{folder}", folder.name)
    (folder / "lesson.py").write_text(lesson, encoding="utf-8")
    measured = MEASURED.replace("{name}", name)
    (folder / "measured.py").write_text(measured, encoding="utf-8")
    print(f"made {folder}: lesson.py, measured.py")
    print(f"then: pytest tests/lessons -k {name}; gd why {name}; python tools/make_answers.py")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
