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
from typing import TYPE_CHECKING, Any

from goingdeep.check.proof import Proof, Proved, Remedy, write_proofs
from goingdeep.check.rule import Finding
from goingdeep.checked import check_record
from goingdeep.errors import ScriptError, printable
from goingdeep.record import find_run, read_events, read_manifest
from goingdeep.record.event import Gap
from goingdeep.record.events import MOMENT_STEPS
from goingdeep.record.runs import short_name

if TYPE_CHECKING:
    from torch import Tensor

    from goingdeep.watch.moments.moment import Moment
    from goingdeep.watch.moments.player import Player
    from goingdeep.watch.moments.variant import Variant

SECONDS = 20.0
"""Of one proof, both replays together."""

MOST = 10
"""Findings that are proved."""

LAST = 10
"""Steps at the end over which is averaged."""

LEAST = 0.01
"""The smallest difference that is one, relative to the larger value."""

TINY = 1e-12
"""A probability of zero, so that its logarithm is a number."""


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
    from goingdeep.watch.moments.replay import replay, verify

    moment = next((one for one in moments if one.step + len(one.steps) > finding.step), None)
    if moment is None or finding.remedy is None:
        return Proof(sentence=f"not replayed: {missing()}")
    if not verify(moment):
        return Proof(sentence=f"not replayed: {moment.reason}")
    remedy = finding.remedy
    inside = _out_of_reach(moment, remedy)
    if inside:
        return Proof(sentence=f"not proved: {inside}")
    curves: dict[str, list[float]] = {}
    for name, variant in (("as it is", None), (remedy.name, variant_of(remedy))):
        measured: list[float] = []
        look = _meter(moment, remedy, measured) if remedy.measure != "loss" else None
        found = replay(moment, steps=MOMENT_STEPS, variant=variant, seconds=SECONDS / 2, look=look)
        if found.error:
            return Proof(sentence=f"not proved: the replay {name} ended with {found.error}")
        curves[name] = measured if remedy.measure != "loss" else found.measured
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


def _out_of_reach(moment: Moment, remedy: Remedy) -> str:
    """What cannot be left out, because the model itself does it."""
    from goingdeep.watch.moments.links import Made
    from goingdeep.watch.moments.recorded import Loss

    losses = [op for step in moment.steps for op in step.operations if isinstance(op, Loss)]
    given = [a for op in losses for a in (*op.args, *op.kwargs.values()) if isinstance(a, Made)]
    between = {link.name for made in given for link in made.links}
    if remedy.leave_out and not between & set(remedy.leave_out):
        return "the model does it inside of its forward, where a replay cannot take it out"
    return ""


def variant_of(remedy: Remedy) -> Variant:
    """What the replay engine is asked for."""
    from goingdeep.watch.moments.variant import Variant

    changes: dict[str, Callable[[Tensor], Tensor]] = {
        "log": lambda x: x.log(),
        "log_softmax": lambda x: x.log_softmax(1 if x.dim() > 1 else 0),
        "logit": lambda x: x.logit(eps=1e-7),
    }
    return Variant(
        name=remedy.name,
        clear=remedy.clear,
        scale=remedy.scale,
        clip=remedy.clip,
        train_mode=remedy.train_mode,
        leave_out=remedy.leave_out,
        before_loss=changes.get(remedy.before_loss),
        loss=_pairwise if remedy.loss == "pairwise" else None,
    )


def _pairwise(scores: Tensor, target: Tensor) -> Tensor:
    """Mean squared error, each with its own. PyTorch stretches the targets before they are seen."""
    own = target[0] if target.dim() > 1 else target
    return (scores.squeeze(-1) - own).square().mean()


def _meter(moment: Moment, remedy: Remedy, into: list[float]) -> Callable[[Player], None]:
    """Measures the batch of each step on what the model has just made of it."""
    return functools.partial(_measure, moment, remedy, into, [0])


def _measure(
    moment: Moment, remedy: Remedy, into: list[float], count: list[int], player: Player
) -> None:
    import torch

    from goingdeep.watch.moments.links import Made
    from goingdeep.watch.moments.recorded import Loss, Use

    step = moment.steps[count[0] % len(moment.steps)]
    count[0] += 1
    found = []
    for op in step.operations:
        if not isinstance(op, Loss):
            continue
        arguments: list[Any] = [*op.args, *op.kwargs.values()]
        made = next((one for one in arguments if isinstance(one, Made)), None)
        target = next((a for a in arguments if isinstance(a, Use) and a.role == "target"), None)
        if made is not None and target is not None:
            with torch.no_grad():
                scores = player.result(made, remedy.leave_out)
                found.append(_score(remedy, scores.detach().float(), target.constant.tensor))
    if found:
        into.append(sum(found) / len(found))


def _score(remedy: Remedy, scores: Tensor, target: Tensor) -> float:
    """One number for a batch, the lower the better: what the loss would be without the mistake."""
    from torch.nn import functional

    if remedy.measure == "squared error":
        return float(_pairwise(scores, target))
    # Labels of a batch, and what the model says of them: probabilities where they are undone.
    if remedy.before_loss == "logit":
        return float(functional.binary_cross_entropy(scores.clamp(0, 1), target.float()))
    if remedy.before_loss == "log":
        return float(functional.nll_loss(scores.clamp_min(TINY).log(), target))
    return float(functional.cross_entropy(scores, target))


def _end(values: list[float]) -> float:
    return sum(values[-LAST:]) / len(values[-LAST:])


def _differ(as_it_is: list[float], mended: list[float]) -> bool:
    one, other = _end(as_it_is), _end(mended)
    if not (math.isfinite(one) and math.isfinite(other)):
        return math.isfinite(one) != math.isfinite(other)
    return abs(one - other) > LEAST * max(abs(one), abs(other))


def _sentence(as_it_is: list[float], mended: list[float], remedy: Remedy, *, differs: bool) -> str:
    what = {
        "loss": "loss",
        "cross-entropy": "cross-entropy of the answers",
        "squared error": "squared error",
    }[remedy.measure]
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
