"""What a naive rule would call a mistake, and the healthy programs under frameworks that do it.

Each program in healthy/ names its traps in its docstring:

    traps: two-optimizers, cut-short

The same in plain PyTorch stands in tests/rules/healthy and in the rules' own `fine_*.py`.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

HEALTHY = Path(__file__).parent / "healthy"
FIELD = re.compile(r"^traps:\s+(\S.*)$", flags=re.MULTILINE)

TRAPS = {
    "two-optimizers": "gradients that cross from one network to another, modules called twice",
    "layer-optimizers": "every layer has an optimizer of its own, and detaches",
    "masks": "one full batch, or one input, with masks over it",
    "lbfgs": "an optimizer that calls a closure several times a step",
    "by-hand": "no optimizer: the weights are moved by hand",
    "bce-summed": "sigmoid with a binary cross-entropy that is summed",
    "nll": "log-softmax with nll_loss",
    "frozen": "layers frozen on purpose",
    "accumulation": "gradients of several batches, scaled",
    "tied": "one tensor in two places",
    "evaluated-first": "an evaluation before training",
    "eval-once": "eval() called once at the end, and train() never",
    "cut-short": "a schedule that is longer than the training",
    "log-inside": "a softmax whose logarithm the loss takes",
}

PREFIXES = (
    "fastai", "lightning", "fabric", "accelerate", "transformers", "skorch", "ignite", "keras",
)  # fmt: skip

SETS_MODES = "it calls train() and eval() itself"
OWNS_STEP = "its optimizers are its own, and take no closure"
NEEDS_OPTIMIZER = "it does not train without an optimizer"
ONE_OPTIMIZER = "it has one optimizer"

NOT_THERE = {
    ("fastai", "layer-optimizers"): ONE_OPTIMIZER,
    ("fastai", "lbfgs"): OWNS_STEP,
    ("fastai", "by-hand"): NEEDS_OPTIMIZER,
    ("fastai", "eval-once"): SETS_MODES,
    ("lightning", "by-hand"): NEEDS_OPTIMIZER,
    ("lightning", "eval-once"): SETS_MODES,
    ("transformers", "two-optimizers"): ONE_OPTIMIZER,
    ("transformers", "layer-optimizers"): ONE_OPTIMIZER,
    ("transformers", "lbfgs"): "its step is called without a closure",
    ("transformers", "by-hand"): NEEDS_OPTIMIZER,
    ("transformers", "eval-once"): SETS_MODES,
    ("skorch", "layer-optimizers"): "it steps each of its optimizers for one loss",
    ("skorch", "by-hand"): NEEDS_OPTIMIZER,
    ("skorch", "eval-once"): SETS_MODES,
    ("keras", "layer-optimizers"): ONE_OPTIMIZER,
    ("keras", "lbfgs"): OWNS_STEP,
    ("keras", "nll"): "its losses take scores or chances, never logarithms",
}
"""What a framework has no place for, and why."""


def programs() -> list[Path]:
    """The healthy programs under frameworks, by name."""
    return sorted(HEALTHY.glob("*.py"))


def framework(program: Path) -> str:
    """Which of PREFIXES a program is written with."""
    return program.stem.partition("_")[0]


def traps(program: Path) -> tuple[str, ...]:
    """The traps that a program names; () where it names none."""
    found = FIELD.search(ast.get_docstring(ast.parse(program.read_text("utf-8"))) or "")
    return tuple(name.strip() for name in found[1].split(",")) if found else ()
