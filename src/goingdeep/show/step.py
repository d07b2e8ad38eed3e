"""The anatomy of one step: what each operation read and made, with the numbers of a close look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from goingdeep.errors import SettingsError
from goingdeep.record import look
from goingdeep.record.reading import Look
from goingdeep.record.runs import short_name
from goingdeep.record.stretch import Stretch
from goingdeep.show import tables
from goingdeep.show.chosen import Chosen, choose
from goingdeep.show.curves import Values, own_step
from goingdeep.show.names import Names
from goingdeep.show.numbers import counted, number, ranges
from goingdeep.show.page import Page
from goingdeep.show.repeats import items_of
from goingdeep.show.rows import draw, rows_of
from goingdeep.show.said import said
from goingdeep.show.words import Words

MOST_FORWARDS = 4
NEAR = 4


def step_text(folder: Path, step: int, width: int | None = None) -> str:
    """What happened in one step.

    Args:
        folder: a run. step: counted from 1, over all optimizers. width: columns; those of the
            terminal by default.
    Raises:
        RunNotFoundError, RunFormatError: it is not a run, or damaged.
        RunError: it holds no record of a loop.
        SettingsError: there is no such step.
    """
    chosen = choose_step(folder, step)
    page = Page.of(width)
    drawing = _Drawing(page, chosen, step, Names(chosen.seen))
    drawing.head()
    found = chosen.seen.looks.get(step)
    if found is not None and found.training:
        drawing.close_look(found.training, _forward_lines(chosen, step))
        drawing.replicas()
    else:
        drawing.from_afar()
    if found is not None and found.evaluation:
        page.blank()
        page.text("the evaluation after this step, its first batch")
        walks = [walk for walk in chosen.seen.passes if walk.step >= step and walk.ops]
        lines = [op.site for op in walks[0].ops if op.op == "forward"] if walks else []
        drawing.close_look(found.evaluation, lines)
    return str(page)


def choose_step(folder: Path, step: int) -> Chosen:
    """The process in which a step was done.

    Raises:
        As `step_text`.
    """
    chosen = choose(folder, step)
    found = chosen.seen
    if step < 1 or (step > found.steps and step not in found.looks):
        last = found.steps
        run = short_name(folder)
        raise SettingsError(
            f"there is no step {number(step)} in {folder}: steps are counted from 1, "
            f"and it has {counted(last, 'step')}",
            fix=f"gd show {run} --step {_near(sorted(found.looks), step) or last}" if last
            else f"gd show {run}",
            more="docs/watch.md",
        )  # fmt: skip
    return chosen


def _near(steps: Sequence[int], step: int) -> int:
    return min(steps, key=lambda other: abs(other - step), default=0)


@dataclass
class _Drawing:
    page: Page
    chosen: Chosen
    step: int
    names: Names

    def head(self) -> None:
        """Which step, of which optimizer, and the loss around it."""
        found, page = self.chosen.seen, self.page
        own = found.at(self.step)
        who = " or ".join(dict.fromkeys(self.names.optimizer(s.optimizer) for s in own))
        of = f" of {number(found.steps)}" if self.step <= found.steps else ""
        rank = f", rank {number(found.rank)}" if len(self.chosen.ranks) > 1 else ""
        page.text(
            f"step {number(self.step)}{of} in {short_name(self.chosen.folder)}"
            + (f": {who}" if who else "")
            + rank,
            hang=2,
        )
        if len(own) == 1:
            optimizer = own[0].optimizer
            values = Values.read(found, "loss", optimizer)
            place = self._place(optimizer)
            values.draw_around(page, place, self.step, "loss")

    def _place(self, optimizer: int) -> int:
        """Where in its loss curve an optimizer's step is."""
        if self.chosen.manifest.kind == "train":
            return self.step
        return own_step(self.chosen.seen, optimizer, self.step)

    # ---------------------------------------------------------------- without a close look

    def from_afar(self) -> None:
        """What is known of a step that was not looked at closely."""
        found, page = self.chosen.seen, self.page
        looked = sorted(step for step, look_ in found.looks.items() if look_.training)
        page.blank()
        if looked:
            near = sorted(sorted(looked, key=lambda other: abs(other - self.step))[:NEAR])
            page.text(
                f"this step was not looked at closely; of those near it, "
                f"{'step' if len(near) == 1 else 'steps'} {ranges(near)} "
                f"{'was' if len(near) == 1 else 'were'}:",
                hang=2,
            )
            run = short_name(self.chosen.folder)
            page.text(f"gd show {run} --step {_near(looked, self.step)}", 2, 2)
        else:
            page.text("this step was not looked at closely, and no other was", hang=2)
        own = found.at(self.step)
        for stretch in own:
            self._anatomy(stretch)
        if len(own) == 1:
            values = Values.read(found, "loss", own[0].optimizer)
            loss = values.at(self._place(own[0].optimizer))
            if loss:
                page.blank()
                page.text(f"loss {loss}", hang=2)

    def _anatomy(self, stretch: Stretch) -> None:
        found, page = self.chosen.seen, self.page
        anatomy = found.anatomies.get(stretch.anatomy)
        page.blank()
        if anatomy is None:
            page.text("what it consisted of was not recorded")
            return
        page.text("from the end of the step before it to its own end")
        words = Words(found, self.names)
        draw(page, rows_of(items_of(anatomy), found, self.names, words))

    # ---------------------------------------------------------------- with a close look

    def close_look(self, parts: Sequence[look.LookEvent], lines: Sequence[int]) -> None:
        """Each operation with its numbers, under the user's line that did it.

        lines: sites of the forwards, in order: a call of a module does not carry its own.
        """
        at: tuple[str, str] = ("", "")
        chunks, hidden = _shortened(_chunks(_without_the_clear_before(parts)))
        forwards = 0
        for chunk in chunks:
            if not chunk:
                self.page.blank()
                self.page.text(f"and {counted(hidden, 'forward')} more")
                continue
            site = chunk[0].site
            if isinstance(chunk[0], look.LookCall):
                forwards += 1
                if site < 0 and forwards <= len(lines):
                    site = lines[forwards - 1]
            at = self._place_of(site, at)
            self._part(chunk)

    def _place_of(self, site: int, before: tuple[str, str]) -> tuple[str, str]:
        """Write the user's line, unless it stands above already."""
        known = self.chosen.seen.site(site)
        here = (self.names.full_place(known), known.source if known else "")
        if here != before or not here[0]:
            self.page.blank()
            if here[0]:
                via = self.names.via(known)
                self.page.line("  ".join(here) + (f"  (through {via})" if via else ""))
        return here

    def _part(self, chunk: Sequence[look.LookEvent]) -> None:
        page, first = self.page, chunk[0]
        label, sentence, more = said(first, self.chosen.seen, self.names)
        page.labelled(label, sentence, 2)
        if more:
            page.labelled("", more, 2)
        if isinstance(first, look.LookBatch):
            tables.tensors(page, first)
        elif isinstance(first, look.LookCall):
            tables.layers(page, [call for call in chunk if isinstance(call, look.LookCall)])
        elif isinstance(first, look.LookLoss):
            tables.scores(page, first.rows)
        elif isinstance(first, look.LookBackward):
            tables.gradients(page, first)
        elif isinstance(first, look.LookStep):
            tables.updates(page, first)

    def replicas(self) -> None:
        """Whether the other processes have the same weights after this step."""
        mine = _checksums(self.chosen.seen.looks.get(self.step))
        theirs = [_checksums(other.looks.get(self.step)) for other in self.chosen.others]
        known = [other for other in theirs if other]
        if not mine or not known:
            return
        same = all(other == mine for other in known)
        ranks = counted(len(known), "other process", "other processes")
        self.page.blank()
        self.page.text(
            f"weights after it: {'the same' if same else 'not the same'} in {ranks}", hang=2
        )


def _forward_lines(chosen: Chosen, step: int) -> list[int]:
    """Sites of the forwards of a step, as its anatomy has them."""
    lines: list[int] = []
    for stretch in chosen.seen.at(step)[:1]:
        anatomy = chosen.seen.anatomies.get(stretch.anatomy)
        for block in anatomy.blocks if anatomy else ():
            own = [op.site for op in block.ops if op.op == "forward"]
            lines += own * max(1, min(block.times, MOST_FORWARDS))
    return lines


def _without_the_clear_before(parts: Sequence[look.LookEvent]) -> Sequence[look.LookEvent]:
    """A clear at the end of the loop comes first too: that of the step before."""
    first, last = parts[0], parts[-1]
    both = len(parts) > 1 and isinstance(first, look.LookClear) and isinstance(last, look.LookClear)
    return parts[1:] if both and first.site == last.site else parts


def _chunks(parts: Sequence[look.LookEvent]) -> list[list[look.LookEvent]]:
    """Operations one by one, calls of modules by forward: each begins with the model itself."""
    found: list[list[look.LookEvent]] = []
    for part in parts:
        first = found[-1][0] if found else None
        if (
            isinstance(part, look.LookCall)
            and isinstance(first, look.LookCall)
            and part.depth > first.depth
        ):
            found[-1].append(part)
        else:
            found.append([part])
    return found


def _shortened(
    chunks: list[list[look.LookEvent]],
) -> tuple[list[list[look.LookEvent]], int]:
    """Where a step has many forwards, the first ones and what follows the last of all.

    An empty chunk stands for what is left out; the number says how many forwards that are.
    """
    calls = [i for i, chunk in enumerate(chunks) if isinstance(chunk[0], look.LookCall)]
    if len(calls) <= MOST_FORWARDS:
        return chunks, 0
    first = calls[MOST_FORWARDS]
    first -= isinstance(chunks[first - 1][0], look.LookBatch)
    ends = (look.LookStep, look.LookClear)
    rest = next(
        (i for i in range(calls[-1], len(chunks)) if isinstance(chunks[i][0], ends)), len(chunks)
    )
    return [*chunks[:first], [], *chunks[rest:]], len(calls) - MOST_FORWARDS


def _checksums(found: Look | None) -> list[str]:
    return [part.checksum for part in found.of(look.LookStep) if part.checksum] if found else []
