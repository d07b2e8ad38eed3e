"""Break it, as blocks: the loop as recorded and with the mistake, both curves and the damage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from goingdeep.record.answer import Blocks, Curve, Figure, Table
from goingdeep.show.numbers import number

RECORDED = "as recorded"


@dataclass(frozen=True)
class Trial:
    """A replay with one thing changed.

    losses: of each step, by the recorded loss function. error: "" or what PyTorch said at the next
    step. cut: whether time ran out.
    """

    name: str
    losses: list[float]
    error: str = ""
    cut: bool = False

    @property
    def end(self) -> float:
        """Where it ends; see `last`."""
        return last(self.losses)

    @property
    def bad_step(self) -> int:
        """The first step whose loss is not finite, counted from 1; 0 where all are."""
        return next((i for i, v in enumerate(self.losses, 1) if not math.isfinite(v)), 0)


def last(values: Sequence[float]) -> float:
    """Where a curve ends: the mean of its last tenth, at least 3 values; NaN where it is empty.

    >>> last([9.0, 9.0, 1.0, 2.0, 3.0])
    2.0
    """
    tail = values[-max(3, len(values) // 10) :]
    return sum(tail) / len(tail) if tail else math.nan


def damage(
    recorded: Sequence[float],
    trials: Sequence[Trial],
    *,
    title: str,
    base: str = RECORDED,
    y: str = "loss",
) -> list[Blocks]:
    """Curves of the same batches, and a table of where each ends.

    Args:
        recorded: the loss of each step as it was, or of what the trials are compared with; base:
            what that is called.
    """
    kept = [trial for trial in trials if trial.losses]
    length = max([len(recorded), *(len(trial.losses) for trial in kept)])
    curves = [curve(base, recorded, length)]
    curves += [curve(trial.name, trial.losses, length) for trial in kept]
    xs = tuple(float(i) for i in range(1, length + 1))
    rows = [[base, number(recorded[0]), number(last(recorded)), ""]]
    rows += [_row(trial, recorded) for trial in trials]
    blocks: list[Blocks] = [
        Figure(title, tuple(curves), y=y, xs=xs, log=_is_wide(curves)),
        Table(
            "where each ends",
            ("", "first loss", "last losses", "difference"),
            tuple(tuple(row) for row in rows),
            "lrrl",
            note="last losses: mean of the last tenth of the steps, at least 3",
        ),
    ]
    return blocks


def _row(trial: Trial, recorded: Sequence[float]) -> list[str]:
    if trial.error:
        return [trial.name, "", "", f"stopped at step {len(trial.losses) + 1}: {trial.error}"]
    if trial.bad_step:
        bad = f"{number(trial.losses[trial.bad_step - 1])} from step {trial.bad_step} on"
        return [trial.name, number(trial.losses[0]), number(trial.end), bad]
    here = last(recorded[: len(trial.losses)])
    said = f"{trial.end - here:+.3g}"
    if trial.cut:
        said += f" (time ran out after {len(trial.losses)} steps)"
    return [trial.name, number(trial.losses[0]), number(trial.end), said]


def _is_wide(curves: Sequence[Curve]) -> bool:
    """Whether a linear axis would show one curve only."""
    values = [v for c in curves for v in c.values if isinstance(v, float) and v > 0]
    return bool(values) and max(values) > 50 * max(min(values), 1e-12)


def curve(name: str, values: Sequence[float], length: int = 0) -> Curve:
    """A curve for a figure; where it ended early it has nothing more."""
    shown: list[float | str | None] = [v if math.isfinite(v) else number(v) for v in values]
    return Curve(name, tuple(shown + [None] * (length - len(shown))))
