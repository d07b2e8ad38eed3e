"""Does the answer for a sample change when another sample of the batch is replaced?

Axes in this file: n samples that the copy is given, a of them asked (replaced one after the other).
"""

from __future__ import annotations

from types import CodeType
from typing import Any

import torch
from torch import Tensor, nn

from goingdeep.watch.probes.trial import CannotAskError, Trial
from goingdeep.watch.reading.aside import aside
from goingdeep.watch.reading.sites import USER, Sites, kind_of

MOST_ASKED = 6
LEAST_SPREAD = 2
"""Samples that must change others: a router that drops what is too much may do it once."""

NOISE = 1e-4
"""Share of the largest change below which a change is one of rounding.

A float32 has seven digits, and sums in another order lose two or three of them.
"""

MORE_THAN_ITS_SHARE = 1.25


def ask(trial: Trial, base: list[Tensor], sites: Sites) -> dict[str, Any]:
    """The fields of a `Probed` event that answer it.

    Raises:
        CannotAskError: there is no answer.
    """
    rows = trial.rows
    with torch.inference_mode(mode=False), aside():
        if _largest(_changes(base, trial.run(range(rows)))) > 0:
            raise CannotAskError("the copy does not answer the same question twice the same way")
        asked = [row for row in range(rows) if trial.other(row) is not None][:MOST_ASKED]
        changes = {row: _changes(base, trial.run(_replaced(trial, row))) for row in asked}
        largest = max((_largest(change) for change in changes.values()), default=0.0)
        if not largest:
            raise CannotAskError("no answer changes when samples are replaced")
        limit = NOISE * max(largest, NOISE * max(_largest(_size(base)), 1e-30))
        reached = {
            row: [i for i, value in enumerate(change) if i != row and value > limit]
            for row, change in changes.items()
        }
        spread = [row for row in asked if reached[row]]
        facts: dict[str, Any] = {
            "rows": rows,
            "asked": len(asked),
            "spread": len(spread),
            "reached": max(map(len, reached.values()), default=0),
            "own": sum(
                changes[row][row] >= max(changes[other][row] for other in asked) for row in asked
            ),
        }
        if len(spread) < LEAST_SPREAD:
            return facts
        turned = trial.run(range(rows)[::-1])
        facts["ordered"] = _largest(_changes(base, [t.flip(0) for t in turned])) > limit
        row = max(spread, key=lambda one: len(reached[one]))
        return facts | _first_part(trial, _replaced(trial, row), sites)


def _replaced(trial: Trial, row: int) -> list[int]:
    samples = list(range(trial.rows))
    other = trial.other(row)
    samples[row] = row if other is None else other
    return samples


def _changes(one: list[Tensor], other: list[Tensor]) -> list[float]:
    """The largest change of each row, over all outputs."""
    if [t.shape for t in one] != [t.shape for t in other]:
        raise CannotAskError("the output has another shape for other samples")
    rows = [
        (b.double() - a.double()).abs().reshape(len(a), -1).amax(1)
        for a, b in zip(one, other, strict=True)
        if a[0].numel() and not a.is_complex()
    ]
    return torch.stack(rows).amax(0).tolist() if rows else []


def _size(outputs: list[Tensor]) -> list[float]:
    return _changes([torch.zeros_like(t) for t in outputs], outputs)


def _largest(values: list[float]) -> float:
    return max(values, default=0.0)


class _Calls:
    """What the modules of a copy returned, call by call."""

    def __init__(self, sites: Sites) -> None:
        self.parts: list[tuple[dict[str, Any], Tensor]] = []
        self._sites = sites

    def __call__(self, name: str, module: nn.Module, args: Any, output: Any) -> None:
        """A module has returned; inner ones come before those around them."""
        while isinstance(output, tuple | list) and output:
            output = output[0]
        if not isinstance(output, Tensor) or not output.numel() or output.is_complex():
            return
        given = args[0] if args and isinstance(args[0], Tensor) else None
        shape = tuple(given.shape) if given is not None else ()
        code: CodeType | None = getattr(type(module).forward, "__code__", None)
        facts = {
            "module": name,
            "class_name": type(module).__qualname__,
            "shape": shape,
            "site": self._sites.of_code(code)
            if code is not None and kind_of(code.co_filename) == USER
            else self._sites.here(2),
            "sequence_first": _sequence_first(module, shape),
        }
        self.parts.append((facts, output.detach().clone()))


def _first_part(trial: Trial, samples: list[int], sites: Sites) -> dict[str, Any]:
    """The first part of the model in whose output more changes than belongs to one sample.

    However an output is laid out, one sample of n is an n-th of it. What was only put into a wrong
    order still is; it becomes more where the values are used together.
    """
    before, after = _Calls(sites), _Calls(sites)
    trial.run(range(trial.rows), hook=before)
    trial.run(samples, hook=after)
    for (facts, one), (again, other) in zip(before.parts, after.parts, strict=False):
        if facts["module"] != again["module"] or one.shape != other.shape:
            break
        apart = (one.double() - other.double()).abs()
        changed = (apart > NOISE * float(apart.max())).double().mean().item()
        if changed > MORE_THAN_ITS_SHARE / trial.rows:
            return facts
    return {}


def _sequence_first(module: nn.Module, shape: tuple[int, ...]) -> bool | None:
    """Whether a layer of PyTorch's takes the second axis of what it was given as the samples."""
    first = vars(module).get("batch_first")
    if first is None:
        first = vars(vars(module).get("_modules", {}).get("self_attn", module)).get("batch_first")
    return not first and len(shape) == 3 if isinstance(first, bool) else None
