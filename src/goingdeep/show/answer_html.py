"""An answer of `gd why` for a notebook: the same blocks as HTML. Every string is hostile.

Whatever an answer holds is escaped; there is no script, no link that is not https, no style that an
answer could set. Curves are SVG polylines made of numbers only.
"""

from __future__ import annotations

import math
from html import escape

from goingdeep.errors import printable
from goingdeep.record.answer import Answer, Blocks, Curve, Failure, Figure, Picture, Table, Text
from goingdeep.show.answer import SIGNS
from goingdeep.show.chart import Axis
from goingdeep.show.numbers import as_float

WIDTH, HEIGHT, LEFT, EDGE = 620, 200, 64, 14
COLOURS = ("#4477aa", "#ee6677", "#228833", "#aa7700", "#aa3377", "#008888", "#666666", "#774499")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4", "4 2 1 2", "3 6")
"""A curve is told by its dashes too, never by colour alone."""


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
    finite = [v for curve in figure.curves for v in _finite(curve)]
    title = f"<p><b>{_safe(figure.title)}</b> ({_safe(figure.y)})</p>"
    if not finite:
        return f"{title}<p>no value of it is finite</p>"
    axis = Axis.over(finite, log=figure.log)
    lines = "".join(_line(i, curve, axis) for i, curve in enumerate(figure.curves))
    legend = "".join(
        f'<tr><td><svg width="40" height="10">{_stroke(i, "0,5 40,5")}</svg></td>'
        f"<td>{_safe(curve.name)}</td></tr>"
        for i, curve in enumerate(figure.curves)
    )
    low, high = (axis.label(row, 2) for row in (0, 1))
    return (
        f'{title}<svg width="{WIDTH}" height="{HEIGHT}" role="img">'
        f'<text x="{LEFT - 6}" y="{EDGE}" text-anchor="end" font-size="11">{_safe(high)}</text>'
        f'<text x="{LEFT - 6}" y="{HEIGHT - EDGE}" text-anchor="end" font-size="11">{_safe(low)}</text>'
        f"{lines}</svg><table>{legend}</table>"
        + (f"<p><small>{_safe(figure.note)}</small></p>" if figure.note else "")
    )


def _finite(curve: Curve) -> list[float]:
    found = [as_float(v) for v in curve.values if v is not None]
    return [v for v in found if v is not None and math.isfinite(v)]


def _line(i: int, curve: Curve, axis: Axis) -> str:
    """Its points, in pieces: a value that is not finite is a gap, and is marked at the top."""
    pieces: list[list[str]] = [[]]
    marks = ""
    span = max(1, len(curve.values) - 1)
    for x, written in enumerate(curve.values):
        value = None if written is None else as_float(written)
        place = LEFT + (WIDTH - LEFT - EDGE) * x / span
        if value is None or not math.isfinite(value):
            pieces.append([])
            if value is not None:
                marks += f'<text x="{place:.1f}" y="{EDGE}" font-size="11">!</text>'
            continue
        row = axis.row(value, 1000) / 999
        pieces[-1].append(f"{place:.1f},{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * row:.1f}")
    return "".join(_stroke(i, " ".join(piece)) for piece in pieces if piece) + marks


def _stroke(i: int, points: str) -> str:
    colour, dash = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5" '
        f'stroke-dasharray="{dash}"/>'
    )


def _picture(picture: Picture) -> str:
    """As a PNG inside the page: a rectangle for each pixel would be large."""
    from base64 import b64encode
    from io import BytesIO

    import numpy as np
    from PIL import Image

    count, channels, height, width = picture.shape
    if not picture.pixels or len(picture.pixels) != count * channels * height * width:
        return f"<p>{_safe(picture.title)}</p>"
    pixels = np.frombuffer(picture.pixels, np.uint8).reshape(count, channels, height, width)
    shown = pixels if channels == 3 else pixels[:, :1].repeat(3, axis=1)
    row = np.concatenate([np.pad(p, ((0, 0), (0, 0), (0, 2))) for p in shown], axis=2)
    content = BytesIO()
    Image.fromarray(np.ascontiguousarray(row.transpose(1, 2, 0))).save(content, "PNG")
    data = b64encode(content.getvalue()).decode("ascii")
    captions = ", ".join(_safe(text) for text in picture.captions)
    note = f"<p><small>{_safe(picture.note)}</small></p>" if picture.note else ""
    return (
        f"<p><b>{_safe(picture.title)}</b></p>"
        f'<img alt="{_safe(picture.title)}" height="{min(448, 4 * height)}" '
        f'src="data:image/png;base64,{data}"><p>{captions}</p>{note}'
    )
