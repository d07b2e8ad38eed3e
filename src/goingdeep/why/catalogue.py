"""The lessons there are: one folder each in `lessons/`, found by looking.

Adding one edits nothing else. A folder is named after the topic, with `_` for `-`. Reading the pages
imports no torch: the list of topics must answer at once.
"""

from __future__ import annotations

import ast
import difflib
import functools
import importlib
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goingdeep.errors import UnknownNameError
from goingdeep.record.answer import Reading
from goingdeep.why.lesson import Lesson

LESSONS = Path(__file__).parent / "lessons"
HEADINGS = ("Short answer", "Asked as", "Sources", "Read next")
"""Of every lesson's page, in this order."""

ORDER = (
    "nchw", "dataset", "flatten", "sequential", "activation", "cross-entropy", "zero-grad",
    "learning", "batch", "eval", "no-grad", "underneath",
)  # fmt: skip
"""The order in which a reader of the quickstart meets the questions; others come after these."""


@dataclass(frozen=True)
class Page:
    """A lesson as the catalogue holds it, without its experiment."""

    topic: str
    question: str
    short: str
    asked: tuple[str, ...]
    sources: tuple[Reading, ...]
    read_next: tuple[str, ...]
    folder: Path

    def lesson(self) -> Lesson[Any]:
        """Its experiment; imports torch."""
        name = f"{__package__}.lessons.{self.folder.name}.lesson"
        found: Lesson[Any] = importlib.import_module(name).LESSON
        return found


@functools.cache
def catalogue() -> dict[str, Page]:
    """Every lesson by its topic, in the order in which the questions arise."""
    pages = [
        page_of(path.parent)
        for path in sorted(LESSONS.glob("*/lesson.py"))
        if path.parent.name[0] != "_"
    ]
    known = {topic: i for i, topic in enumerate(ORDER)}
    pages.sort(key=lambda page: (known.get(page.topic, len(known)), page.topic))
    return {page.topic: page for page in pages}


def page_of(folder: Path) -> Page:
    """Read the page of the lesson in a folder."""
    tree = ast.parse((folder / "lesson.py").read_text(encoding="utf-8"))
    question, *rest = re.split(r"^## +(.+)$", ast.get_docstring(tree) or "", flags=re.MULTILINE)
    sections = {h.strip(): b.strip() for h, b in zip(rest[::2], rest[1::2], strict=True)}
    return Page(
        topic=folder.name.replace("_", "-"),
        question=" ".join(question.split()),
        short=" ".join(sections.get("Short answer", "").split()),
        asked=tuple(_items(sections.get("Asked as", ""))),
        sources=tuple(_source(item) for item in _items(sections.get("Sources", ""))),
        read_next=tuple(re.findall(r"[a-z-]+", sections.get("Read next", ""))),
        folder=folder,
    )


def _items(text: str) -> list[str]:
    """Items of a list, each of which may go over several lines."""
    return [" ".join(item.split()) for item in re.split(r"^\* ", text, flags=re.MULTILINE)[1:]]


def _source(item: str) -> Reading:
    title, _, url = item.rpartition(" ")
    return Reading(title.rstrip(":"), url)


def find(asked: str) -> tuple[Page, bool]:
    """The lesson to a topic's name, or the nearest one to a question in words.

    Returns:
        The lesson, and whether it was named.
    Raises:
        UnknownNameError: nothing is near.
    """
    pages = catalogue()
    name = asked.strip().lower().strip("?").replace("_", "-").replace(" ", "-")
    if name in pages:
        return pages[name], True
    if " " not in asked.strip():
        near = difflib.get_close_matches(name, pages, n=1, cutoff=0.75)
        if near:
            return pages[near[0]], False
    scores = _scores(asked)
    best = max(scores, key=lambda topic: scores[topic], default="")
    if not best or scores[best] <= 0:
        raise UnknownNameError.of("topic", asked, pages, more="gd why")
    return pages[best], False


def _scores(asked: str) -> dict[str, float]:
    """How near each lesson is: the words both have, those that few lessons have counting most."""
    words = {topic: _weighted(page) for topic, page in catalogue().items()}
    spread = Counter(word for of_topic in words.values() for word in of_topic)
    return {
        topic: sum(
            of_topic[word] * math.log((1 + len(words)) / spread[word])
            for word in _words(asked)
            if word in of_topic
        )
        for topic, of_topic in words.items()
    }


def _weighted(page: Page) -> dict[str, float]:
    """Words of a lesson, those of its name and question weighing more than those of its answer."""
    found: dict[str, float] = {}
    named = f"{page.topic} {page.question}"
    for weight, text in ((1.0, page.short), (2.0, " ".join(page.asked)), (3.0, named)):
        found.update(dict.fromkeys(_words(text), weight))
    return found


_EVERYWHERE = frozenset(
    re.findall(
        r"\w+",
        "a an and are at be by can do does for from happen happens how i if in is it its my not of on "
        "or so than that the them then there they this to too was we what when where which why will "
        "with you",
    )
)


def _words(text: str) -> set[str]:
    """Its words, small and without endings: "gradients" and "gradient" are one."""
    found = set()
    for word in re.findall(r"[a-z0-9]+", text.lower().replace("_", " ").replace("-", " ")):
        if word not in _EVERYWHERE:
            for ending in ("ing", "es", "ed", "s"):
                if word.endswith(ending) and len(word) > len(ending) + 3:
                    word = word.removesuffix(ending)  # noqa: PLW2901
                    break
            found.add(word)
    return found
