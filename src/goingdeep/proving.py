"""`gd check --prove`: puts what the rules found and the replay engine together.

The moment in which a mistake was made is replayed twice, as it is and with the rule's remedy: the
same weights, batches and random numbers. What differs is measured and written down, and where
nothing does that is said too.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from goingdeep.check.proof import Measure, Proof, Proved, Remedy, write_proofs
from goingdeep.check.rule import Finding
from goingdeep.checked import check_record
from goingdeep.errors import ScriptError, printable
from goingdeep.record import find_run, read_events, read_manifest
from goingdeep.record.event import Gap
from goingdeep.record.events import MOMENT_STEPS
from goingdeep.record.runs import short_name

if TYPE_CHECKING:
    from goingdeep.watch.moments.moment import Moment

SECONDS = 20.0
"""Of one proof, both replays together."""

MOST = 10
"""Findings that are proved."""

LAST = 10
"""Steps at the end over which is averaged."""

LEAST = 0.01
"""The smallest difference that is one, relative to the larger value."""

MEASURES: dict[Measure, str] = {
    "loss": "loss",
    "minimised": "loss",
    "cross-entropy": "cross-entropy of the answers",
    "squared error": "squared error",
    "divergence": "divergence of the answers",
    "all samples": "loss on all samples of these steps",
}


def prove(moments: Sequence[Moment], folder: Path) -> None:
    """Prove what the rules find in a run, on the moments that were kept of it.

    Changes: `proofs.json` in the run folder.
    """
    _prove(_to_prove(folder), moments, folder)


def _to_prove(folder: Path) -> list[Finding]:
    """What the rules find that can be mended by changing one thing."""
    return [f for f in check_record(folder).report.findings if f.remedy is not None]


def _prove(findings: Sequence[Finding], moments: Sequence[Moment], folder: Path) -> None:
    missing = functools.cache(lambda: _why_none(folder))  # asked only where no moment is there
    proved = [Proved(f.rule, f.file, f.line, _proof(f, moments, missing)) for f in findings[:MOST]]
    write_proofs(folder, proved)


def prove_record(run: str | Path) -> None:
    """Prove what is wrong with a run of `gd train`, whose steps can be walked again.

    Raises:
        ScriptError: it is a run of another program, whose steps only that program could repeat.
    """
    folder = find_run(run)
    manifest = read_manifest(folder)
    if manifest.kind != "train":
        again = " ".join(manifest.command[2:]) or "train.py"
        raise ScriptError(
            f"the steps of {printable(short_name(folder))} cannot be replayed from its record",
            why="its model and its data were those of a program that has ended",
            fix=f"gd check --prove {printable(again)}",
            more="docs/check.md#proofs",
        )
    _prove_train(folder)


def _prove_train(folder: Path) -> None:
    """The moment is made again from checkpoint, settings and data."""
    from goingdeep.why.experiment import Bound
    from goingdeep.why.rebuilt import of_run

    findings = _to_prove(folder)
    moments: list[Moment] = []
    if findings:
        moment = of_run(folder, Bound(steps=MOMENT_STEPS, seconds=SECONDS)).moment
        moments = [moment] if moment is not None else []
    _prove(findings, moments, folder)


def _why_none(folder: Path) -> str:
    """Why no moment was kept, as far as the record says."""
    gaps = [event for event in read_events(folder) if isinstance(event, Gap)]
    reason = next((gap.reason for gap in gaps if gap.what == "moment"), "")
    return reason or "no steps with it in them were kept"


def _proof(finding: Finding, moments: Sequence[Moment], missing: Callable[[], str]) -> Proof:
    from goingdeep.remedies import Measured, out_of_reach, variant_of
    from goingdeep.watch.moments.replay import replay, verify

    moment = next((one for one in moments if one.step + len(one.steps) > finding.step), None)
    if moment is None or finding.remedy is None:
        return Proof(sentence=f"not replayed: {missing()}")
    if not verify(moment):
        return Proof(sentence=f"not replayed: {moment.reason}")
    remedy = finding.remedy
    reason = out_of_reach(moment, remedy)
    if reason:
        return Proof(sentence=f"not proved: {reason}")
    curves: dict[str, list[float]] = {}
    for name, variant in (("as it is", None), (remedy.name, variant_of(remedy, moment))):
        meter = Measured(moment, remedy, mended=variant is not None)
        found = replay(
            moment, steps=MOMENT_STEPS, variant=variant, seconds=SECONDS / 2, look=meter.look
        )
        if found.error:
            return Proof(sentence=f"not proved: the replay {name} ended with {found.error}")
        curves[name] = meter.values(found)
    together = min(map(len, curves.values()))
    curves = {name: values[:together] for name, values in curves.items()}
    as_it_is, mended = curves.values()
    if not together:
        return Proof(sentence="not proved: there was nothing to measure in these steps")
    differs = _differ(as_it_is, mended)
    return Proof(
        sentence=_sentence(as_it_is, mended, remedy, differs=differs),
        measure=remedy.measure,
        curves={
            name: tuple(value if math.isfinite(value) else None for value in values)
            for name, values in curves.items()
        },
        first_step=moment.step,
        differs=differs,
    )


def _end(values: list[float]) -> float:
    return sum(values[-LAST:]) / len(values[-LAST:])


def _differ(as_it_is: list[float], mended: list[float]) -> bool:
    one, other = _end(as_it_is), _end(mended)
    if not (math.isfinite(one) and math.isfinite(other)):
        return math.isfinite(one) != math.isfinite(other)
    return abs(one - other) > LEAST * max(abs(one), abs(other))


def _sentence(as_it_is: list[float], mended: list[float], remedy: Remedy, *, differs: bool) -> str:
    what = MEASURES[remedy.measure]
    steps = len(as_it_is)
    said = (
        f"over the last {min(LAST, steps)} of {steps} replayed steps the mean {what} is "
        f"{_end(as_it_is):.4g} as it is, and {_end(mended):.4g} {remedy.name}"
    )
    if not differs:
        said = f"no measurable difference yet: {said}"
    elif _end(mended) > _end(as_it_is):
        said = f"no gain in these steps: {said}"
    return f"{said} ({remedy.note})" if remedy.note else said
