"""What eval measures."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from goingdeep.watch.moments.variant import Batch
from goingdeep.why.damage import Trial
from goingdeep.why.lab import Lab
from goingdeep.why.layers import replacing
from goingdeep.why.memory import kept_for_backward
from goingdeep.why.scores import Score, Share, held, score_of
from goingdeep.why.trained import Pace, pace, train
from goingdeep.why.vectors import grads_of, norm

BATCH_NORM = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - what all of them are
DROPOUT = nn.modules.dropout._DropoutNd  # noqa: SLF001
SENSITIVE = (BATCH_NORM, DROPOUT)
Way = Callable[[], AbstractContextManager[object]]
REPEATS = 5
MOST_OUTPUTS = 8
"""Of one sample that are shown: those that are largest in eval mode."""
FEW = 32
"""Test samples that are trained on by mistake."""


@dataclass(frozen=True)
class Pass:
    """One forward over a batch. kept: bytes that autograd keeps for a backward.

    seconds: shortest of REPEATS. tracked: whether the outputs have a graph.
    """

    name: str
    kept: int
    seconds: float
    tracked: bool


@dataclass(frozen=True)
class Stolen:
    """A model trained on some test samples, judged by these and by others."""

    samples: int
    reported: Score
    honest: Score


@dataclass(frozen=True)
class Found:
    """What was measured.

    sensitive: layers that behave differently in the two modes. modes: largest difference between the
    outputs in train and in eval mode, as a share of the largest; again: between two passes in train
    mode; without: between the modes, with the sensitive layers taken out.
    sample: outputs of the batch's first sample by index, in train mode, train mode again, eval mode.
    gradient: norm of the gradients of a backward in eval mode. passes: memory and time.
    good: after training, tested in eval mode; testing: the same in train mode, REPEATS times over other
    orders of the samples. drift: how far BatchNorm's running means moved meanwhile, of their length.
    in_eval: the moment trained in eval mode; moved: how many parameters it changed, of how many.
    """

    sensitive: list[tuple[str, str]]
    modes: float
    again: float
    without: float
    sample: dict[int, tuple[float, float, float]]
    gradient: float
    passes: list[Pass]
    pace: Pace
    good: Score
    testing: list[Score]
    drift: float
    recorded: list[float]
    in_eval: Trial
    moved: int
    parameters: int
    stolen: Stolen | None
    judged_by: str


def measure(lab: Lab) -> Found:
    """Both modes side by side, each used where the other belongs."""
    model = lab.model()
    batch = lab.batches[0]
    at = pace(lab)
    batches, judged_by = held(lab)
    eval_trained = train(lab, "trained in eval mode", factor=at.factor, train_mode=False)
    start, changed = lab.model(), eval_trained.model
    pairs = list(zip(start.parameters(), changed.parameters(), strict=True)) if changed else []
    good = score_of(lab, at.base.model, batches)
    testing, drift = _tested_in_train_mode(lab, at.base.model, batches)
    lab.seed()
    nn.Module.zero_grad(model)
    lab.loss(lab.outputs(model.eval(), batch[0]), batch[1]).backward()
    return Found(
        sensitive=[
            (name or "the model", _says(layer))
            for name, layer in model.named_modules()
            if isinstance(layer, SENSITIVE)
        ],
        modes=_apart(lab, batch, (True, False)),
        again=_apart(lab, batch, (True, True)),
        without=_apart(lab, batch, (True, False), replacing(SENSITIVE, nn.Identity)),
        sample=_one_sample(lab, batch),
        gradient=norm(grads_of(model)),
        passes=_passes(lab, batch),
        pace=at,
        good=good,
        testing=testing,
        drift=drift,
        recorded=lab.recorded,
        in_eval=eval_trained.trial,
        moved=sum(not torch.equal(a, b) for a, b in pairs),
        parameters=len(pairs),
        stolen=_stolen(lab, at),
        judged_by=judged_by,
    )


def _says(layer: nn.Module) -> str:
    if isinstance(layer, DROPOUT):
        return (
            f"Dropout: sets {100 * layer.p:g} % of its numbers to zero when training, none in eval"
        )
    return "BatchNorm: this batch's mean and variance when training, running ones in eval"


def _apart(
    lab: Lab,
    batch: Batch,
    modes: tuple[bool, bool],
    change: Callable[[nn.Module], nn.Module] = lambda model: model,
) -> float:
    """The largest difference between the outputs of two passes, as a share of the largest."""
    found = []
    for training in modes:
        model = change(lab.model()).train(training)
        with torch.no_grad():  # the second pass draws other numbers than the first
            found.append(lab.outputs(model, batch[0], exact=True))
    return float((found[0] - found[1]).abs().max() / found[0].abs().max().clamp_min(1e-12))


def _one_sample(lab: Lab, batch: Batch) -> dict[int, tuple[float, float, float]]:
    """The first sample, with the whole batch around it, three times."""
    found = []
    for training in (True, True, False):
        with torch.no_grad():
            outputs = lab.outputs(lab.model().train(training), batch[0], exact=True)
        found.append(outputs[:1].reshape(-1).double().tolist())
    largest = sorted(range(len(found[2])), key=lambda i: -found[2][i])[:MOST_OUTPUTS]
    return {i: (found[0][i], found[1][i], found[2][i]) for i in largest}


def _tested_in_train_mode(
    lab: Lab, model: nn.Module | None, batches: list[Batch]
) -> tuple[list[Score], float]:
    """Tests in train mode, each over the samples in another order, and what they did to BatchNorm."""
    if model is None:
        return [], 0.0
    inputs, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    means = [p.running_mean for p in model.modules() if isinstance(p, BATCH_NORM)]
    before = [m.clone() for m in means if m is not None]
    found: list[Score] = []
    size = len(batches[0][0])
    for repeat in range(REPEATS):
        order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(repeat))
        right, total = 0, 0.0
        model.train()
        with torch.no_grad():
            for chosen in order.to(inputs.device).split(size):
                if len(chosen) < min(2, size):
                    continue  # BatchNorm has no variance of one sample
                outputs = lab.outputs(model, inputs[chosen])
                if lab.classes:
                    right += int((outputs.argmax(1) == labels[chosen]).sum())
                else:
                    total += len(chosen) * float(lab.loss(outputs, labels[chosen]))
        found.append(Share(right, len(order)) if lab.classes else total / len(order))
    after = [m.clone() for m in means if m is not None]
    length = norm(before)
    moved = norm([a - b for a, b in zip(after, before, strict=True)])
    return found, moved / length if length else 0.0


def _passes(lab: Lab, batch: Batch) -> list[Pass]:
    ways: tuple[tuple[str, bool, Way], ...] = (
        ("train mode", True, torch.enable_grad),
        ("eval mode", False, torch.enable_grad),
        ("eval mode, no_grad", False, torch.no_grad),
        ("eval mode, inference_mode", False, torch.inference_mode),
    )
    return [_pass(lab, batch, name, way, training=training) for name, training, way in ways]


def _pass(lab: Lab, batch: Batch, name: str, way: Way, *, training: bool) -> Pass:
    model = lab.model().train(training)
    with way():
        kept, outputs = kept_for_backward(lab, model, batch[0])
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        with way():
            lab.outputs(model, batch[0])
        seconds.append(time.perf_counter() - started)
    return Pass(name, kept, min(seconds), outputs.requires_grad)


def _stolen(lab: Lab, at: Pace) -> Stolen | None:
    """A handful of test samples trained on by mistake: what is reported, and what is true."""
    tests = lab.experiment.tests
    if not tests or len(tests[0]) != 2:
        return None
    inputs, labels = (torch.cat(parts) for parts in zip(*tests, strict=True))
    if len(inputs) < 2 * FEW:
        return None
    known = (inputs[:FEW], labels[:FEW])
    rest, _ = held(lab, leave_out=FEW)
    found = train(lab, "trained on test samples", factor=at.factor, batches=lambda _: [known])
    return Stolen(FEW, score_of(lab, found.model, [known]), score_of(lab, found.model, rest))
