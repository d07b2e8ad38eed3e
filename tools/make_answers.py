"""Write docs/answers.md from a real run: every question, its experiment, its claims and verdicts.

    python tools/make_answers.py            train, answer, write the page and its pictures
    python tools/make_answers.py --check    the same, and say where the page says something else

What is compared is what a machine cannot change: questions, answers, tables' titles and heads, claims
and verdicts. Numbers are this machine's: last digits differ, and times do. What is answered by taking
times is not asked again.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import torch

import goingdeep as gd
from goingdeep.record.answer import Answer, Blocks, Failure, Figure, Picture, Table, Text
from goingdeep.show.figure_svg import figure_svg
from goingdeep.show.picture_png import picture_png
from goingdeep.why.catalogue import catalogue
from goingdeep.why.experiment import Bound

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "answers.md"
PICTURES = DOCS / "answers"
TIMED = frozenset({"dataset", "no-grad", "underneath"})
"""Topics whose answers say how long something took, or tried what there was time for."""

SIGNS = {
    "true": "✓ true",
    "half true": "◐ half true",
    "false": "✗ false",
    "not measured": "– not measured",
}
HEAD = """# Answers

What a reader of PyTorch's quickstart asks, in the order in which it comes up. Every number is from
one run of that tutorial's network and settings (`gd train --recipe quickstart`, on 10,000 images), and
every mistake was carried out on a copy of it. `gd why TOPIC RUN` does the same on a run of yours, with
your model, your data and your source lines.

<!-- made by tools/make_answers.py -->

"""


def answers(topics: Iterable[str]) -> list[Answer]:
    """Train as the tutorial does, and ask these questions about it."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        run = gd.train(recipe="quickstart", epochs=1, out=Path(folder) / "quickstart", quiet=True)
        # Time enough for every framework, whatever else this machine does.
        return [gd.why(topic, run, bound=Bound(seconds=300)).answer for topic in topics]


def page(found: list[Answer]) -> tuple[str, dict[Path, bytes]]:
    """The page, and its pictures."""
    lines = [HEAD]
    lines += [f"* [{a.question}](#{_anchor(a.question)})" for a in found]
    pictures: dict[Path, bytes] = {}
    for answer in found:
        lines += ["", f"## {answer.question}", "", answer.short, "", f"`gd why {answer.topic}`", ""]
        lines += ["### See it", ""]
        for block in answer.see:
            lines += [*_block(block, answer.topic, pictures), ""]
        lines += ["### Break it", "", answer.replay, ""]
        for block in answer.broken:
            lines += [*_block(block, answer.topic, pictures), ""]
        lines += ["### Claims", "", "| claim | verdict | because |", "|---|---|---|"]
        lines += [
            f"| {_cell(c.claim)} | {SIGNS[c.verdict]} | {_cell(c.because)} |" for c in answer.claims
        ]
        lines += [
            "",
            "Sources: " + "; ".join(f"[{s.title}]({s.url})" for s in answer.sources) + ".",
        ]
    return "\n".join(lines) + "\n", pictures


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("\n", " ")


def _block(block: Blocks, topic: str, pictures: dict[Path, bytes]) -> list[str]:
    if isinstance(block, Text):
        return ["```", block.text, "```"] if block.code else [block.text]
    if isinstance(block, Table):
        marks = [
            "--:" if letter == "r" else "---" for letter in block.align.ljust(len(block.head), "l")
        ]
        rows = [block.head, marks, *block.rows]
        table = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
        note = ["", f"<sub>{block.note}</sub>"] if block.note else []
        return [f"**{block.title}**", "", *table, *note]
    if isinstance(block, Figure):
        return _picture(
            f"{topic}-{len(pictures)}.svg", block.title, figure_svg(block).encode(), pictures
        )
    if isinstance(block, Picture):
        title = f"{block.title} ({', '.join(block.captions)})"
        return _picture(f"{topic}-{len(pictures)}.png", title, picture_png(block, 4), pictures)
    assert isinstance(block, Failure)
    where = [f"raised in {block.where}"] if block.where else []
    return [f"**{block.title}**", "", "```", block.error, *where, "```", "", block.meaning]


def _picture(name: str, title: str, content: bytes, pictures: dict[Path, bytes]) -> list[str]:
    pictures[PICTURES / name] = content
    return [f"**{title}**", "", f"![{title}](answers/{name})"]


def skeleton(text: str) -> list[str]:
    """What of a page does not depend on the machine."""
    kept = []
    sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    asked_again = [s for s in sections if not any(f"`gd why {topic}`" in s for topic in TIMED)]
    for line in "".join(asked_again).splitlines():
        if line.startswith("#"):
            kept.append(line)
        elif line.startswith("**"):
            kept.append(re.sub(r"\d[\d,.]*", "#", line))
        elif match := re.match(r"\| (.*) \| (.) (true|half true|false|not measured) \|", line):
            kept.append(f"{match[1]}: {match[3]}")
    return kept


def main() -> int:
    """Write the page, or with --check say where it differs."""
    check = "--check" in sys.argv
    text, pictures = page(answers(t for t in catalogue() if not (check and t in TIMED)))
    if check:
        there = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
        differ = sorted(set(skeleton(there)) ^ set(skeleton(text)))
        for line in differ:
            print(f"docs/answers.md and a run of today do not agree: {line}")
        return int(bool(differ))
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.iterdir():
        old.unlink()
    for path, content in pictures.items():
        path.write_bytes(content)
    PAGE.write_text(text, encoding="utf-8")
    print(f"docs/answers.md written, with {len(pictures)} pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
