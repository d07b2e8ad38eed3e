"""An answer of `gd why` for a notebook: the same blocks as HTML. Every string is hostile.

Whatever an answer holds is escaped; there is no script, no link that is not https, no style that an
answer could set. Curves are SVG polylines made of numbers only.
"""

from __future__ import annotations

from html import escape

from goingdeep.errors import printable
from goingdeep.record.answer import Answer, Blocks, Failure, Figure, Picture, Table, Text
from goingdeep.show.answer import SIGNS
from goingdeep.show.figure_svg import figure_svg
from goingdeep.show.picture_png import picture_png


def answer_html(answer: Answer, note: str = "") -> str:
    """The answer as one piece of HTML."""
    parts = [f"<p>{_safe(note)}</p>"] if note else []
    parts += [f"<h3>{_safe(answer.question)}</h3>", f"<p>{_safe(answer.short)}</p>"]
    if not answer.applies:
        parts.append(f"<p>{_safe(answer.says)}</p>")
    if answer.see:
        name = f" in {answer.run}" if answer.run else ""
        parts += [f"<h4>See it{_safe(name)}</h4>", *map(_block, answer.see)]
    if answer.replayed:
        parts += [
            "<h4>Break it</h4>",
            f"<p>{_safe(answer.replay)}</p>",
            *map(_block, answer.broken),
        ]
    elif answer.applies and answer.says:
        parts += ["<h4>Break it</h4>", f"<p>{_safe(f'Nothing was replayed: {answer.says}.')}</p>"]
    if answer.claims:
        rows = "".join(
            f"<tr><td>{_safe(SIGNS.get(c.verdict, c.verdict))}</td>"
            f"<td><b>{_safe(c.claim)}</b><br>{_safe(c.because)}</td></tr>"
            for c in answer.claims
        )
        parts.append(f"<h4>Claims</h4><table>{rows}</table>")
    if answer.places:
        rows = "".join(
            f"<tr><td>{_safe(p.what)}</td><td>{_safe(f'{p.file}:{p.line}')}</td>"
            f"<td><code>{_safe(p.source)}</code></td></tr>"
            for p in answer.places
        )
        parts.append(f"<h4>Where it is in the source</h4><table>{rows}</table>")
    links = [_link(source.title, source.url) for source in answer.sources]
    links += [_safe(f'gd.why("{topic}")') for topic in answer.read_next]
    parts.append(f"<p>{'<br>'.join(links)}</p>" if links else "")
    return f"<div>{''.join(parts)}</div>"


def _safe(text: str) -> str:
    return escape(printable(text))


def _link(title: str, url: str) -> str:
    if not url.startswith("https://"):
        return _safe(f"{title} {url}")
    return f'<a href="{_safe(url)}" rel="noreferrer">{_safe(title)}</a>'


def _block(block: Blocks) -> str:
    if isinstance(block, Text):
        return f"<pre>{_safe(block.text)}</pre>" if block.code else f"<p>{_safe(block.text)}</p>"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return _figure(block)
    if isinstance(block, Picture):
        return _picture(block)
    assert isinstance(block, Failure)
    where = f"<br>raised in {_safe(block.where)}" if block.where else ""
    return (
        f"<p><b>{_safe(block.title)}</b></p><pre>{_safe(block.error)}</pre>"
        f"<p>{_safe(block.meaning)}{where}</p>"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{_safe(cell)}</th>" for cell in table.head)
    aligned = [{"r": ' align="right"'}.get(letter, ' align="left"') for letter in table.align]
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{aligned[i] if i < len(aligned) else ''}>{_safe(cell)}</td>"
            for i, cell in enumerate(row)
        )
        + "</tr>"
        for row in table.rows
    )
    note = f"<p><small>{_safe(table.note)}</small></p>" if table.note else ""
    return f"<table><caption>{_safe(table.title)}</caption><tr>{head}</tr>{rows}</table>{note}"


def _figure(figure: Figure) -> str:
    note = f"<p><small>{_safe(figure.note)}</small></p>" if figure.note else ""
    return f"<p><b>{_safe(figure.title)}</b></p>{figure_svg(figure)}{note}"


def _picture(picture: Picture) -> str:
    """As a PNG inside the page: a rectangle for each pixel would be large."""
    from base64 import b64encode

    content = picture_png(picture)
    if not content:
        return f"<p>{_safe(picture.title)}</p>"
    data = b64encode(content).decode("ascii")
    captions = ", ".join(_safe(text) for text in picture.captions)
    note = f"<p><small>{_safe(picture.note)}</small></p>" if picture.note else ""
    return (
        f"<p><b>{_safe(picture.title)}</b></p>"
        f'<img alt="{_safe(picture.title)}" height="{min(448, 4 * picture.shape[2])}" '
        f'src="data:image/png;base64,{data}"><p>{captions}</p>{note}'
    )
