"""A training loop in a few lines: what happens in each step, the user's own lines beside it."""

from __future__ import annotations

from pathlib import Path

from goingdeep.record.reading import Seen
from goingdeep.record.runs import short_name
from goingdeep.show import walks
from goingdeep.show.chosen import choose, how_it_ended
from goingdeep.show.curves import Values
from goingdeep.show.difference import other_ways
from goingdeep.show.names import Names
from goingdeep.show.numbers import counted, number, ranges
from goingdeep.show.order import Section, sections
from goingdeep.show.page import Page
from goingdeep.show.rows import draw, framework_calls, rows_of
from goingdeep.show.words import Words

MOST_SECTIONS = 4
MOST_OTHERS = 4
MOST_GAPS = 8
MOST_MODELS = 4


def loop_text(folder: Path, width: int | None = None) -> str:
    """What a loop did, in words.

    Args:
        folder: a run. width: columns; those of the terminal by default.
    Raises:
        RunNotFoundError, RunFormatError: it is not a run, or damaged.
        RunError: it holds no record of a loop.
    """
    chosen = choose(folder)
    found = chosen.seen
    page = Page.of(width)
    names = Names(found)
    words = Words(found, names)
    drawn = sections(found)
    command = " ".join(chosen.manifest.command)
    page.line(f"{short_name(folder)}: {command}" if command else short_name(folder))
    page.text(how_it_ended(chosen, names), hang=2)
    page.blank()
    _who(page, found, words)
    walks.training(page, found, names)
    if len(drawn) == 1:
        Values.read(found, "loss", drawn[0].optimizers[0]).draw(page, "loss")
    for section in drawn[:MOST_SECTIONS]:
        _section(page, section, drawn, found, names, words)
    if len(drawn) > MOST_SECTIONS:
        page.blank()
        page.text(f"and {counted(len(drawn) - MOST_SECTIONS, 'optimizer')} more")
    if not drawn:
        _without_steps(page, found, names)
    walks.others(page, found, names, words)
    _gaps(page, found)
    _looks(page, folder, found)
    return str(page)


def _who(page: Page, found: Seen, words: Words) -> None:
    for i, which in enumerate(list(found.models)[:MOST_MODELS]):
        page.labelled("" if i else "model", words.model(which))
    if len(found.models) > MOST_MODELS:
        page.labelled("", f"and {counted(len(found.models) - MOST_MODELS, 'model')} more")


def _section(
    page: Page, section: Section, drawn: list[Section], found: Seen, names: Names, words: Words
) -> None:
    page.blank()
    page.text(_title(section, alone=len(drawn) == 1, names=names), hang=2)
    loss = Values.read(found, "loss", section.optimizers[0])
    if len(drawn) > 1:
        loss.draw(page, "loss", 2)
    once = sum(item.op.op == "loss" for item in section.items) == 1
    words.values = loss.went if once else ""
    words.several = sum(walk.role == "training" for walk in walks.kinds(found)) > 1
    for call in framework_calls([item.op for item in section.items], found):
        page.line(f"  all in {names.place(call)}  {call.source}")
    if section.items:
        draw(page, rows_of(section.items, found, names, words))
    else:
        page.text("what a step consists of was not recorded", 2)
    anatomy = found.anatomies.get(section.anatomy)
    if anatomy is not None and anatomy.left_out > 0:
        page.text(f"and {counted(anatomy.left_out, 'operation')} more", 2)
    for text in other_ways(found, words, section, MOST_OTHERS):
        page.text(text, 2, 2)


def _title(section: Section, *, alone: bool, names: Names) -> str:
    own = [names.optimizer(number) for number in section.optimizers]
    if alone and len(own) == 1:
        same = section.steps == section.in_this_way
        return (
            "each step"
            if same
            else (f"each step ({number(section.in_this_way)} of {counted(section.steps, 'step')})")
        )
    whose = ", ".join(own[:3]) + (f" and {number(len(own) - 3)} more" if len(own) > 3 else "")
    count = counted(section.in_this_way, "step")
    if section.steps != section.in_this_way:
        count = f"{number(section.in_this_way)} of {counted(section.steps, 'step')}"
    return f"each step of {whose} ({count}{' each' if len(own) > 1 else ''})"


def _without_steps(page: Page, found: Seen, names: Names) -> None:
    """No training was seen: what was seen is said."""
    page.blank()
    page.text("no optimizer step was seen")
    end = found.end
    if end is not None and end.forwards is not None:
        forwards, backwards = (
            counted(end.forwards, "forward"),
            counted(end.backwards or 0, "backward"),
        )
        page.text(f"{forwards} and {backwards} were seen", 2)
    for model in list(found.models.values())[:MOST_MODELS]:
        site = found.site(model.site)
        if site is not None:
            page.line(f"  {names.model(model.id)} ran at {names.place(site)}  {site.source}")


def _gaps(page: Page, found: Seen) -> None:
    if not found.gaps:
        return
    page.blank()
    page.text("not observed")
    texts = list(dict.fromkeys(f"{gap.what}: {gap.reason}" for gap in found.gaps))
    for text in texts[:MOST_GAPS]:
        page.text(text, 2, 2)
    if len(texts) > MOST_GAPS:
        page.text(f"and {number(len(texts) - MOST_GAPS)} more", 2)


def _looks(page: Page, folder: Path, found: Seen) -> None:
    looked = sorted(step for step, look in found.looks.items() if look.training)
    if not looked:
        return
    page.blank()
    word = "step" if len(looked) == 1 else "steps"
    page.text(f"looked at closely: {word} {ranges(looked)}", hang=2)
    page.line(f"  gd show {short_name(folder)} --step {looked[-1]}")
