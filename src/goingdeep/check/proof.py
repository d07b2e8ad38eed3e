"""Remedies as plain data, and what came of trying one on a replayed moment.

Nothing is replayed here: this folder imports no torch. Whoever runs the program does (proving.py),
and writes what was measured into the run folder, from where reports take it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from goingdeep.record.encoding import UNREADABLE, to_json
from goingdeep.record.files import read_file, write_atomic

if TYPE_CHECKING:
    from goingdeep.check.report import Report
    from goingdeep.check.rule import Finding

FILE = "proofs.json"

JOINED = 32
"""Samples in a batch that is large enough for a mean over it."""

Measure = Literal[
    "loss", "minimised", "cross-entropy", "squared error", "divergence", "all samples"
]


class Remedy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a replay does differently to be without the mistake.

    name: as a sentence says it: "with gradients cleared for every update".

    clear: "right" clears after each step, whatever the loop does. scale: a factor on the loss that
    backward begins at. clip: the L2 norm of the gradients right before the step. rate: a factor on
    every learning rate. rate_held: whether the rate stays as it was. train_mode: the mode of every
    model. adopt: the first optimizer updates what none owns, too. unfreeze: every parameter asks for
    a gradient.

    inputs: "scaled" to mean 0 and deviation 1. batches: "mixed" from the samples of all of them, or
    "joined" into those of `JOINED`. float32: the weights are in single precision.

    swap: classes of layers, each with the class that takes its place. last: the class of a last layer
    that is left out.

    leave_out: operations between model and loss that are left out. before_loss: what is done to the
    scores before the loss: "log", "logit", or "log_softmax" over the classes. loss: "pairwise"
    compares each prediction with its own target, by mean squared error. ignore: a label that the
    loss leaves out.

    measure: by what both are compared: the "loss" as the loop computes it; what each has "minimised";
    where the remedy changes what the loss means, the plain "cross-entropy" of the model's answers,
    their "divergence", or the "squared error" sample by sample; the loss of "all samples" of these
    steps, in evaluation mode. training_mode: the loop as it is is measured in training mode, then.
    note: what is to be known of the measure here.
    """

    name: str
    clear: Literal["as recorded", "right"] = "as recorded"
    scale: float = 1.0
    clip: float | None = None
    rate: float = 1.0
    rate_held: bool = False
    train_mode: bool | None = None
    adopt: bool = False
    unfreeze: bool = False
    inputs: Literal["", "scaled"] = ""
    batches: Literal["", "mixed", "joined"] = ""
    float32: bool = False
    swap: dict[str, str] = {}
    last: str = ""
    leave_out: tuple[str, ...] = ()
    before_loss: Literal["", "log", "logit", "log_softmax"] = ""
    loss: Literal["", "pairwise"] = ""
    ignore: int | None = None
    measure: Measure = "loss"
    training_mode: bool = False
    note: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was measured with and without a mistake.

    sentence: the difference in words, or why nothing could be measured. measure: as of the remedy.
    curves: by name, the values by step; first the loop as it is. first_step: the replay's first.
    differs: whether the two are measurably different.
    """

    sentence: str
    measure: str = ""
    curves: dict[str, tuple[float | None, ...]] = {}
    first_step: int = 0
    differs: bool = False


class Proved(msgspec.Struct, frozen=True):
    """A proof, and the finding that it is of."""

    rule: str
    file: str
    line: int
    proof: Proof


def write_proofs(folder: Path, proved: Iterable[Proved]) -> None:
    """Replace the run's proofs."""
    write_atomic(folder / FILE, to_json(list(proved)) + b"\n")


def add_proofs(report: Report, folder: Path) -> None:
    """Give the findings of a report the proofs that the run folder holds. Changes: the report."""
    with contextlib.suppress(OSError, *UNREADABLE):
        content = msgspec.json.decode(read_file(folder / FILE), type=list[Proved])
        proofs = {(one.rule, one.file, one.line): one.proof for one in content}
        report.findings = [_with(finding, proofs) for finding in report.findings]


def _with(finding: Finding, proofs: dict[tuple[str, str, int], Proof]) -> Finding:
    proof = proofs.get((finding.rule, finding.file, finding.line))
    return finding if proof is None else msgspec.structs.replace(finding, proof=proof)
