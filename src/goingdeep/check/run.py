"""A run as rules read it: what was seen of one process, and what follows from it.

Everything here is derived from the events, once, when it is asked for first.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterator
from typing import Self

from goingdeep.check.owners import owners
from goingdeep.check.source import Source, short
from goingdeep.check.steps import UNKNOWN, Streak, gradient_state, written_out
from goingdeep.record.event import CUT_SHORT
from goingdeep.record.look import LookBackward, LookBatch, LookCall, LookEvent, LookLoss, LookStep
from goingdeep.record.reading import Look, Seen
from goingdeep.record.scalars import Curve, curve_name
from goingdeep.record.seen import LossFunction, Op, Pass, Worker
from goingdeep.record.stretch import Stretch


class Run(Seen):
    """What was seen of one process, with what rules ask most often.

    others: the other processes of the same job. source: the files that it names, as they are now.
    """

    others: tuple[Run, ...] = ()
    source: Source | None = None

    @classmethod
    def of_seen(cls, seen: Seen) -> Self:
        """The same facts, shared, as rules read them."""
        run = cls.__new__(cls)
        run.__dict__.update(seen.__dict__)
        return run

    @property
    def ended(self) -> bool:
        """Whether the record says how it ended; a run that goes on may still mend a thing."""
        return self.end is not None

    @property
    def idle(self) -> bool:
        """Whether nothing that could be judged happened: no model, no loss, no step, no pass."""
        return not (self.models or self.losses or self.stretches or self.passes or self.rare)

    @property
    def cut_short(self) -> bool:
        """Whether it ended before it would have: by an error, an interrupt, or as was asked."""
        failed = self.end is not None and bool(self.end.error)
        return failed or any(gap.what == CUT_SHORT for gap in self.gaps)

    @property
    def workers(self) -> list[Worker]:
        """Worker processes of loaders, at the start of each pass."""
        return self.of(Worker)

    # ---------------------------------------------------------------- operations

    @functools.cached_property
    def by_optimizer(self) -> dict[int, list[Stretch]]:
        """Stretches of steps by optimizer, in order."""
        found: dict[int, list[Stretch]] = {}
        for stretch in self.stretches:
            found.setdefault(stretch.optimizer, []).append(stretch)
        return found

    @functools.cached_property
    def steps_by_anatomy(self) -> dict[int, int]:
        """How many steps were done in each way."""
        found: dict[int, int] = {}
        for stretch in self.stretches:
            found[stretch.anatomy] = found.get(stretch.anatomy, 0) + stretch.count
        return found

    @functools.cached_property
    def first_step_of(self) -> dict[int, int]:
        """The first step that was done in each way."""
        found: dict[int, int] = {}
        for stretch in self.stretches:
            found[stretch.anatomy] = min(stretch.first, found.get(stretch.anatomy, stretch.first))
        return found

    @functools.cached_property
    def _written_out(self) -> dict[int, tuple[Op, ...]]:
        return {}

    def ways(self, optimizer: int) -> list[int]:
        """The anatomies of an optimizer's steps, each once, in the order of first use."""
        return self._ways.get(optimizer, [])

    @functools.cached_property
    def _ways(self) -> dict[int, list[int]]:
        return {
            number: list(dict.fromkeys(stretch.anatomy for stretch in stretches))
            for number, stretches in self.by_optimizer.items()
        }

    def counts(self, optimizer: int) -> dict[int, int]:
        """How many steps of an optimizer were done in which way: {anatomy: steps}."""
        return self._counts.get(optimizer, {})

    @functools.cached_property
    def _counts(self) -> dict[int, dict[int, int]]:
        found: dict[int, dict[int, int]] = {}
        for number, stretches in self.by_optimizer.items():
            mine = found[number] = dict.fromkeys(self.ways(number), 0)
            for stretch in stretches:
                mine[stretch.anatomy] += stretch.count
        return found

    def steps_of(self, optimizer: int) -> int:
        """How many steps an optimizer did."""
        return sum(self.counts(optimizer).values())

    def operations(self, anatomy: int) -> tuple[Op, ...]:
        """The operations of one way of stepping, in order; repeats at most `MOST_REPEATS` times."""
        found = self._written_out.get(anatomy)
        if found is None:
            known = self.anatomies.get(anatomy)
            found = tuple(written_out(known)) if known is not None else ()
            self._written_out[anatomy] = found
        return found

    def times(self, anatomy: int, operation: str) -> int:
        """How often an operation is done from one step to the next."""
        known = self.anatomies.get(anatomy)
        if known is None:
            return 0
        return sum(
            block.times * sum(op.op == operation for op in block.ops) for block in known.blocks
        )

    def has(self, operation: str) -> bool:
        """Whether any step has such an operation."""
        return any(
            op.op == operation
            for anatomy in self.anatomies.values()
            for block in anatomy.blocks
            for op in block.ops
        )

    def last_op(self, anatomy: int, operation: str) -> Op | None:
        """The last operation of a kind in one way of stepping."""
        return next((op for op in reversed(self.operations(anatomy)) if op.op == operation), None)

    def streaks(self, optimizer: int, ways: Collection[int]) -> Iterator[Streak]:
        """Longest runs of consecutive steps of an optimizer that were done in one of these ways.

        Args:
            optimizer: its number. ways: numbers of anatomies.
        """
        if not ways:
            return
        first: Stretch | None = None
        last, count = 0, 0
        for stretch in self.by_optimizer.get(optimizer, ()):
            if stretch.anatomy in ways:
                first = first or stretch
                last, count = stretch.last, count + stretch.count
            elif first is not None:
                yield Streak(optimizer, first.first, last, count, first.anatomy)
                first, count = None, 0
        if first is not None:
            yield Streak(optimizer, first.first, last, count, first.anatomy)

    # ---------------------------------------------------------------- who owns what

    @functools.cached_property
    def owners(self) -> dict[tuple[int, str], set[int]]:
        """{(model, name of a parameter): numbers of the optimizers that own it}."""
        return owners(self.optimizers, self.models)

    @functools.cached_property
    def taught_by(self) -> dict[int, set[int]]:
        """{model: numbers of the optimizers that own any of its parameters}."""
        found: dict[int, set[int]] = {}
        for (model, _), optimizers in self.owners.items():
            found.setdefault(model, set()).update(optimizers)
        return found

    def loss_of(self, op: Op) -> LossFunction | None:
        """The loss function that a `loss` operation called."""
        number = op.facts.get("loss")
        return self.losses.get(number) if isinstance(number, int) else None

    def loss_in_training(self, number: int) -> bool:
        """Whether a loss function was called in a step, not only in evaluations."""
        return number in self._training_losses

    @functools.cached_property
    def _training_losses(self) -> dict[int, int]:
        """{loss function: first step}."""
        found: dict[int, int] = {}
        for anatomy in self.anatomies:
            step = self.first_step_of.get(anatomy, 0)
            for op in self.operations(anatomy):
                number = op.facts.get("loss") if op.op == "loss" else None
                if isinstance(number, int):
                    found[number] = min(step, found.get(number, step))
        return found

    def first_step_with_loss(self, number: int) -> int:
        """The first step that called a loss function; 0 where none did."""
        return self._training_losses.get(number, 0)

    def calls_of_loss(self, number: int) -> int:
        """How many steps called a loss function."""
        return sum(
            count
            for anatomy, count in self.steps_by_anatomy.items()
            if any(
                op.op == "loss" and op.facts.get("loss") == number
                for op in self.operations(anatomy)
            )
        )

    def tree(self, site: int) -> ast.Module | None:
        """The syntax tree of a line's file; None where it is gone, or has another line there now."""
        known = self.sites.get(site)
        if (
            known is None
            or self.source is None
            or self.source.stale(known.file, known.line, known.source)
        ):
            return None
        return self.source.tree(known.file)

    def place(self, site: int) -> str | None:
        """A line of the user's as "file:line", for evidence; None where it is unknown."""
        known = self.sites.get(site)
        return f"{short(known.file)}:{known.line}" if known is not None else None

    # ---------------------------------------------------------------- passes, looks, curves

    def passes_of(self, role: str) -> list[Pass]:
        """The passes over loaders that were used for one thing, in the order of their ends."""
        return self._by_role.get(role, [])

    @functools.cached_property
    def _by_role(self) -> dict[str, list[Pass]]:
        found: dict[str, list[Pass]] = {}
        for walk in self.passes:
            found.setdefault(walk.role, []).append(walk)
        return found

    def loader_site(self, number: int, walk: Pass | None = None) -> int:
        """Where a loader was made, else where it was walked."""
        loader = self.loaders.get(number)
        if loader is not None and loader.made >= 0:
            return loader.made
        if walk is not None and walk.site >= 0:
            return walk.site
        return loader.site if loader is not None else -1

    def looked_at(self, optimizer: int) -> Iterator[tuple[Look, LookStep]]:
        """The close looks at steps of one optimizer, in order."""
        for number in sorted(self.looks):
            for step in self.looks[number].of(LookStep):
                if step.optimizer == optimizer:
                    yield self.looks[number], step

    def curve(self, name: str) -> Curve:
        """A curve of this process; empty where there is none.

        Raises:
            RunFormatError: it is damaged. A rule that needs it is then not checked.
        """
        if self.folder is None:
            return Curve()
        return Curve.read(self.folder / "scalars" / f"{curve_name(name, rank=self.rank)}.npy")


__all__ = [
    "UNKNOWN", "Look", "LookBackward", "LookBatch", "LookCall", "LookEvent", "LookLoss", "LookStep",
    "Run", "Streak", "gradient_state",
]  # fmt: skip
