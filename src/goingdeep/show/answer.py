"""An answer of `gd why` for the terminal: question, short answer, what was seen, what broke, claims."""

from __future__ import annotations

from goingdeep.record.answer import (
    Answer,
    Blocks,
    ClaimFound,
    Failure,
    Figure,
    Picture,
    Table,
    Text,
)
from goingdeep.show.chart import chart
from goingdeep.show.page import NARROWEST, Page, one_line
from goingdeep.words import pad

SIGNS = {"true": "TRUE", "half true": "HALF TRUE", "false": "FALSE", "not measured": "not measured"}
SHADES = " ░▒▓█"
PLAIN_SHADES = " .+#@"
MOST_PIXELS = 28
INDENT = 2


def answer_text(answer: Answer, width: int | None = None) -> str:
    """What `gd why TOPIC` prints.

    Args:
        width: columns; by default those of the terminal.
    """
    page = Page.of(width)
    page.text(answer.question)
    page.blank()
    page.text(answer.short, INDENT)
    if not answer.applies:
        page.blank()
        page.text(answer.says, INDENT)
    _blocks(page, f"See it{f' in {answer.run}' if answer.run else ''}", answer.see)
    if answer.replayed:
        _heading(page, "Break it")
        page.text(answer.replay, INDENT)
        for block in answer.broken:
            page.blank()
            _draw(page, block)
    elif answer.applies and answer.says:
        _heading(page, "Break it")
        page.text(f"Nothing was replayed: {answer.says}.", INDENT)
    if answer.claims:
        _heading(page, "Claims")
        for claim in answer.claims:
            _claim(page, claim)
    if answer.places:
        _heading(page, "Where it is in the source")
        rows = [[p.what, f"{p.file}:{p.line}", p.source] for p in answer.places]
        page.table(rows, "lll", INDENT, "lrl")
    _ending(page, answer)
    return str(page)


def topics_text(topics: list[tuple[str, str]], width: int | None = None) -> str:
    """What `gd why` prints: each topic with its question."""
    page = Page.of(width)
    page.table([list(row) for row in topics], "ll")
    page.blank()
    page.line("gd why TOPIC [RUN]        or a question in words:")
    page.line("gd why 'what does backward add to?'")
    return str(page)


def _heading(page: Page, text: str) -> None:
    page.blank()
    page.line(text)


def _blocks(page: Page, title: str, blocks: tuple[Blocks, ...]) -> None:
    if not blocks:
        return
    _heading(page, title)
    for i, block in enumerate(blocks):
        if i:
            page.blank()
        _draw(page, block)


def _draw(page: Page, block: Blocks) -> None:
    if isinstance(block, Text):
        for line in block.text.split("\n") if block.code else [block.text]:
            (page.line if block.code else page.text)(" " * INDENT * block.code + line, *_in(block))
    elif isinstance(block, Table):
        _table(page, block)
    elif isinstance(block, Figure):
        chart(page, block, INDENT)
    elif isinstance(block, Picture):
        _picture(page, block)
    elif isinstance(block, Failure):
        page.text(block.title, INDENT)
        for line in block.error.split("\n"):
            page.text(line, INDENT + 2, 2)
        if block.where:
            page.text(f"raised in {block.where}", INDENT + 2, 2)
        if block.meaning:
            page.text(block.meaning, INDENT + 2, 2)


def _in(block: Text) -> tuple[int, ...]:
    return () if block.code else (INDENT,)


def _table(page: Page, table: Table) -> None:
    page.text(table.title, INDENT)
    head = [list(table.head)] if any(table.head) else []
    columns = len(table.head)
    rows = [[*row, *[""] * columns][:columns] for row in table.rows]
    page.table([*head, *rows], table.align.ljust(columns, "l")[:columns], INDENT + 2)
    if table.note:
        page.text(table.note, INDENT + 2, 2)


def _picture(page: Page, picture: Picture) -> None:
    """As many images as fit, brightness by shade; a letter is two pixels high, as letters are."""
    count, channels, height, width = picture.shape
    if len(picture.pixels) != count * channels * height * width or not picture.pixels:
        return
    step = max(1, -(-max(height, width) // MOST_PIXELS))
    across = -(-width // step)
    room = max(1, (page.width - INDENT) // (across + 2))
    page.text(picture.title, INDENT)
    shades = PLAIN_SHADES if page.plain else SHADES
    shown = range(min(count, room))
    for y in range(0, height, 2 * step):
        line = "  ".join(_row(picture, i, y, step, shades) for i in shown)
        page.line(" " * (INDENT + 2) + line)
    captions = [pad(page.clip(text, across), across) for text in picture.captions[:room]]
    page.line(" " * (INDENT + 2) + "  ".join(captions))
    if picture.note:
        page.text(picture.note, INDENT + 2)


def _row(picture: Picture, image: int, y: int, step: int, shades: str) -> str:
    _, channels, height, width = picture.shape
    letters = []
    for x in range(0, width, step):
        values = [
            picture.pixels[((image * channels + c) * height + row) * width + x]
            for c in range(channels)
            for row in (y, min(y + step, height - 1))
        ]
        level = sum(values) * len(shades) // (255 * len(values) + 1)
        letters.append(shades[min(len(shades) - 1, level)])
    return "".join(letters)


def _claim(page: Page, claim: ClaimFound) -> None:
    sign = SIGNS.get(claim.verdict, claim.verdict)
    page.text(f"{sign:<12}  {claim.claim}", INDENT, 14)
    if claim.because:
        page.text(claim.because, INDENT + (4 if page.width < 2 * NARROWEST else 14))


def _ending(page: Page, answer: Answer) -> None:
    page.blank()
    for source in answer.sources:
        page.labelled("source", source.title)
        page.lines.append(f"{'':10}{one_line(source.url)}")  # a broken address cannot be followed
    if answer.read_next:
        page.labelled("next", ", ".join(f"gd why {topic}" for topic in answer.read_next))
