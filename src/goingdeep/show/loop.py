"""A training loop in a few lines: what happens in each step, the user's own lines beside it."""

from __future__ import annotations

from pathlib import Path, PurePath

from goingdeep.record.reading import Seen
from goingdeep.record.runs import short_name
from goingdeep.show import walks
from goingdeep.show.chosen import choose, how_it_ended
from goingdeep.show.curves import Values
from goingdeep.show.difference import other_ways
from goingdeep.show.names import Names, inside_package
from goingdeep.show.numbers import counted, number, ranges
from goingdeep.show.order import Section, sections
from goingdeep.show.page import Page
from goingdeep.show.rows import draw, framework_calls, rows_of
from goingdeep.show.words import Words

MOST_SECTIONS = 4
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
    page.text(f"{short_name(folder)}: {command}" if command else short_name(folder), hang=2)
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
    every = [item.op for section in drawn for item in section.items]
    walks.others(page, found, names, words, framework_calls(every, found))
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
    loss = Values.read(found, "loss", section.optimizers[0])
    once = sum(item.op.op == "loss" for item in section.items) == 1
    words.values = loss.went if once else ""
    words.several = walks.several(found)
    others = other_ways(found, words, section)
    page.blank()
    title = _title(section, section.in_this_way + others.alike, names, alone=len(drawn) == 1)
    page.text(title, hang=2)
    if len(drawn) > 1:
        loss.draw(page, "loss", 2)
    for call in framework_calls([item.op for item in section.items], found):
        package = PurePath(inside_package(call.via_file)).parts[:1]
        through = f"through {package[0]}, called at" if package else "called at"
        page.line(f"  {through} {names.place(call)}  {call.source}")
    if section.items:
        draw(page, rows_of(section.items, found, names, words))
    else:
        page.text("what a step consists of was not recorded", 2)
    anatomy = found.anatomies.get(section.anatomy)
    if anatomy is not None and anatomy.left_out > 0:
        page.text(f"and {counted(anatomy.left_out, 'operation')} more", 2)
    for text in others.texts:
        page.text(text, 2, 2)


def _title(section: Section, in_this_way: int, names: Names, *, alone: bool) -> str:
    own = [names.optimizer(number) for number in section.optimizers]
    count = counted(section.steps, "step")
    if section.steps != in_this_way:
        count = f"{number(in_this_way)} of {count}"
    elif alone and len(own) == 1:
        return "each step"
    if alone and len(own) == 1:
        return f"each step ({count})"
    whose = ", ".join(own[:3]) + (f" and {number(len(own) - 3)} more" if len(own) > 3 else "")
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
