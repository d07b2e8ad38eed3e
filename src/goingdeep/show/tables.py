"""The parts of a close look as tables: tensors, layers, scores, gradients, updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from goingdeep.record import look
from goingdeep.show.numbers import as_float, counted, number, percent, spell
from goingdeep.show.page import Page
from goingdeep.show.spark import bar
from goingdeep.show.worked import worked

T = TypeVar("T")

MOST_ROWS = 24
"""Of a long table the beginning and the end are shown."""
MOST_SCORES = 10
MOST_LABELS = 16
MOST_NAMES = 6
BAR = 16
INDENT = 4
NARROW = 64
"""Below this many columns a row of a table is a sentence."""


def tensors(page: Page, batch: look.LookBatch) -> None:
    """The tensors of a batch with their statistics, and the first labels."""
    head = ["", "shape", "low", "high", "mean", "std", "zeros"]
    rows = [[name, *_statistics(values)] for name, values in _named(batch)]
    notes = [f"{name}: {note}" for name, values in _named(batch) for note in _notes(values)]
    _table(page, head, rows, "llrrrrr")
    for note in notes[:MOST_NAMES]:
        page.text(note, INDENT, 2)
    if batch.labels:
        shown = " ".join(number(label) for label in batch.labels[:MOST_LABELS])
        page.text(f"first labels: {shown}", INDENT, 2)


def layers(page: Page, calls: Sequence[look.LookCall]) -> None:
    """Each call of a module: what it took and gave, its parameters, the share of zeros in it."""
    head = ["layer", "in", "out", "parameters", "zeros"]
    rows = []
    for call in calls:
        name = f"{call.module} {call.class_name}".strip()
        zeros = [values.zeros for values in call.outputs[:1]]
        rows.append(
            [
                "  " * max(0, min(call.depth, 6)) + name,
                _spell_all(call.inputs),
                _spell_all(call.outputs),
                number(call.parameters) if call.parameters else "",
                percent(zeros[0]) if zeros and zeros[0] > 0 else "",
            ]
        )
    if NARROW <= page.width < 76:  # what goes in is what came out of the layer above
        head, rows = head[:1] + head[2:], [row[:1] + row[2:] for row in rows]
    _table(page, head, rows, "l" * (len(head) - 2) + "rr")
    for call in calls:
        bad = sum(values.non_finite for values in call.outputs)
        if bad > 0:
            name = f"{call.module} {call.class_name}".strip()
            came = sum(values.non_finite for values in call.inputs)
            where = "as there were in its input" if came > 0 else "first made here"
            page.text(f"{name}: {counted(bad, 'value')} not finite, {where}", INDENT, 2)
            break


def scores(page: Page, rows: Sequence[look.Row]) -> None:
    """A few samples of a loss: the exact scores, and how the loss follows from them."""
    for row in rows[:3]:
        shown = []
        for i, score in enumerate(row.scores[:MOST_SCORES]):
            column = row.classes[i] if i < len(row.classes) else i
            text = number(score, 3)
            if i < len(row.targets):
                text = f"{text} (target {number(row.targets[i], 3)})"
            shown.append(f"[{text}]" if column == row.label else text)
        left = len(row.scores) - len(shown)
        more = f" and {number(left)} more" if left > 0 else ""
        label = "" if row.label is None else f", label {number(row.label)}"
        loss = "" if row.loss is None else f", loss {number(row.loss)}"
        said = (", " if row.targets else " ").join(shown)
        page.text(f"sample {number(row.sample)}{label}{loss}: {said}{more}", INDENT, 2)
        work = _worked_loss(row)
        if work:
            page.text(work, INDENT + 2, 2)


def _worked_loss(row: look.Row) -> str:
    """The loss of one sample from its scores, where they give it: "ln(...) - 0.25 = 2.1"."""
    values = [v for v in map(as_float, row.scores) if v is not None]
    loss = as_float(row.loss) if row.loss is not None else None
    if row.label is None or loss is None or len(values) != len(row.scores):
        return ""
    columns = list(row.classes) if row.classes else list(range(len(values)))
    if row.label not in columns or len(columns) != len(values):
        return ""
    rest = as_float(row.rest) if row.rest is not None else None
    exponents = [*values, *([rest] if rest is not None else [])]
    high, own = max(exponents), values[columns.index(row.label)]
    if not math.isfinite(high):
        return ""
    total = high + math.log(sum(math.exp(v - high) for v in exponents))
    if not abs(total - own - loss) <= 1e-4 * max(1.0, abs(loss)):
        return ""  # class weights, label smoothing: another formula
    sign = f"({number(own)})" if own < 0 else number(own)
    return f"ln(sum of e^score) - score of the label = {number(total)} - {sign} = {number(loss)}"


def gradients(page: Page, found: look.LookBackward) -> None:
    """The norm of each parameter's gradient with a bar, on a scale of its own."""
    norms = [as_float(g.norm) for g in found.gradients if g.state == "value"]
    largest = max((n for n in norms if n is not None and math.isfinite(n)), default=0.0)
    rows = []
    for gradient in found.gradients:
        norm = as_float(gradient.norm)
        drawn = bar(norm, largest, BAR, plain=page.plain) if gradient.state == "value" else ""
        rows.append(
            [
                gradient.name,
                number(gradient.norm) if gradient.state == "value" else gradient.state,
                drawn,
                percent(gradient.zeros) if gradient.zeros > 0 else "",
                number(gradient.non_finite) if gradient.non_finite > 0 else "",
            ]
        )
    head = ["gradient of", "norm", "", "zeros", "not finite"]
    keep = [0, 1, 2, *(i for i in (3, 4) if any(row[i] for row in rows))]
    chosen = [[row[i] for i in keep] for row in rows]
    _table(page, [head[i] for i in keep], chosen, "lrl" + "r" * (len(keep) - 3), "rllll", least=0)
    _left_out(page, found.left_out)
    if found.unreached:
        names = ", ".join(found.unreached[:MOST_NAMES])
        more = len(found.unreached) - MOST_NAMES
        text = f"not reached from the loss: {names}" + (f" and {more} more" if more > 0 else "")
        page.text(text, INDENT, 2)


def updates(page: Page, found: look.LookStep) -> None:
    """How far each parameter moved, against its own length; and one weight worked out."""
    head = ["parameter", "norm", "change", "change/norm", ""]
    rows = [
        [
            update.name,
            *(number(value, 3) for value in (update.weight, update.change, update.ratio)),
            "" if update.changed else "unchanged",
        ]
        for update in found.updates
    ]  # fmt: skip
    _table(page, head, rows, "lrrrl", "rllll")
    _left_out(page, found.left_out)
    if found.strangers > 0:
        idle = f", {number(found.strangers_idle)} without a gradient" * (found.strangers_idle > 0)
        page.text(
            f"{counted(found.strangers, 'tensor')} of this optimizer in no model that ran{idle}",
            INDENT,
            2,
        )
    for weight in found.weights[:2]:
        first, *rest = worked(weight, found.class_name, {**found.settings, **weight.settings})
        page.text(first, INDENT, 2)
        for line in rest:
            page.text(line, INDENT + 2, 2)


# ---------------------------------------------------------------- cells


def _named(batch: look.LookBatch) -> list[tuple[str, look.Values]]:
    names = [*batch.names, *("" for _ in batch.tensors)]
    return [(name, values) for name, values in zip(names, batch.tensors, strict=False)]


def _statistics(values: look.Values) -> list[str]:
    numbers = [values.low, values.high, values.mean, values.std]
    shown = ["" if value is None else number(value, 3) for value in numbers]
    return [spell(values.dtype, values.shape), *shown, percent(values.zeros)]


def _notes(values: look.Values) -> list[str]:
    notes = [f"no numbers: {values.note}"] if values.note else []
    if values.non_finite > 0:
        notes.append(f"{counted(values.non_finite, 'value')} not finite")
    if values.sampled > 0:
        notes.append(f"of {counted(values.sampled, 'value')}, evenly spread")
    if values.device not in {"cpu", ""}:
        notes.append(f"on {values.device}")
    return notes


def _spell_all(values: Sequence[look.Values]) -> str:
    shown = ", ".join(spell(v.dtype, v.shape) for v in values[:2])
    return shown + (f", {len(values) - 2} more" if len(values) > 2 else "")


def _table(
    page: Page,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    align: str,
    names: str = "",
    *,
    least: int = NARROW,
) -> None:
    """The beginning and the end of a table; on a page narrower than `least` a sentence a row."""
    first = MOST_ROWS * 2 // 3
    shown, left = list(rows), len(rows) - MOST_ROWS
    if left > 1:
        dots = [f"{page.dots} {number(left)} more", *[""] * (len(head) - 1)]
        shown = [*rows[:first], dots, *rows[first - MOST_ROWS :]]
    if page.width >= least:
        page.table([head, *shown] if shown else [], align, INDENT, names)
        return
    for name, *cells in shown:
        said = [
            f"{title} {cell}".strip() for title, cell in zip(head[1:], cells, strict=True) if cell
        ]
        page.text(f"{name.strip()}: {', '.join(said)}" if said else name, INDENT, 2)


def _left_out(page: Page, count: int) -> None:
    if count > 0:
        page.text(f"and {counted(count, 'parameter')} more", INDENT)
