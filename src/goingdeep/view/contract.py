"""What the page is told besides the record's own events; its TypeScript types are made from here.

`Manifest` is small and may change while a run goes on; events never change. Whatever is large (a
curve, pictures) is a blob that the page asks for when it shows it. docs/page.md says how these
travel.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from goingdeep.record.answer import Answer
from goingdeep.record.event import Blob

SCHEMA = 1

TokenKind = Literal["", "keyword", "name", "string", "number", "comment", "operator"]


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of a line of source. k: what it is; t: its text, blanks included."""

    t: str
    k: TokenKind = ""


class Source(msgspec.Struct, frozen=True):
    """One file of the user's. file: as the `file` of a site says it, a path that is fit to be shown.

    first: number of the first line. lines: from there on.
    """

    file: str
    lines: tuple[tuple[Token, ...], ...]
    first: int = 1


class CurveOf(msgspec.Struct, frozen=True):
    """A number by step. name: "loss", "rate", ... optimizer: whose steps are counted.

    rows: f8[n,5] with first step, how many steps, lowest, mean, highest. thinned: whether it holds
    less than the run folder does.
    """

    name: str
    rows: Blob
    optimizer: int = 0
    rank: int = 0
    thinned: bool = False


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """One finding of `gd check`, as `goingdeep.check.Finding` has it.

    fine: "When it is fine" of the rule's page. proof: where it was proved, both curves by name, the
    measure by step; first the loop as it is.
    """

    rule: str
    severity: Literal["error", "warning", "hint"]
    message: str
    file: str = ""
    line: int = 0
    source: str = ""
    step: int = 0
    count: int = 1
    why: str = ""
    fix: str = ""
    fine: str = ""
    note: str = ""
    evidence: dict[str, Any] = {}
    proof: dict[str, tuple[float | str | None, ...]] | None = None


class Mistake(msgspec.Struct, frozen=True):
    """A test image that was classified wrongly. probability: of the class it was taken for."""

    index: int
    label: int
    prediction: int
    probability: float
    loss: float | None = None


class Results(msgspec.Struct, frozen=True, omit_defaults=True):
    """The test of the finished model.

    test: `test` of result.json (accuracy, interval, per_class, confusion, ece, ...). bins:
    calibration, each (mean confidence, share right, how many), after `temperature` in bins_after.
    worst: the most confident mistakes; pictures: u1[n,C,h,w] of them, in the same order.
    """

    test: dict[str, Any]
    bins: tuple[tuple[float, float, int], ...] = ()
    bins_after: tuple[tuple[float, float, int], ...] = ()
    worst: tuple[Mistake, ...] = ()
    pictures: Blob | None = None


class Manifest(msgspec.Struct, frozen=True):
    """What a page is told first.

    run: run.json without machine and versions, paths made fit to be shown. state: "dead" is a run
    whose process went away without a word. notes: what was left out or shortened, a line each.
    answers: the files of answers/. checked: whether the rules were run; not_checked: {rule: why}.
    other: name of the run that it is compared with, which has a manifest and events of its own.
    """

    run: dict[str, Any]
    state: Literal["running", "finished", "dead"]
    schema: int = SCHEMA
    sources: tuple[Source, ...] = ()
    curves: tuple[CurveOf, ...] = ()
    findings: tuple[Shown, ...] = ()
    checked: bool = False
    not_checked: dict[str, str] = {}
    answers: tuple[Answer, ...] = ()
    results: Results | None = None
    notes: tuple[str, ...] = ()
    other: str = ""


class Beside(msgspec.Struct, frozen=True):
    """A run that lies beside the one shown. id: what a page asks for it by; created: when, in UTC."""

    id: str
    name: str
    created: str
