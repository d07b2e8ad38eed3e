"""Which messages of the other tools name which mistake, read generously.

A message counts where its own page describes the mistake or what it does at once (no gradient, no
change); one that says only that training goes badly (a gradient is large, a batch cannot be learned)
names nothing. A mistake that is in no row of a tool is one that it has no message for.
"""

from __future__ import annotations

ALARMING = {"error", "warning", "warn", "fail"}
"""Severities that ask a person to do something."""

ANYTHING = "*"

NAMES: dict[str, dict[str, set[str]]] = {
    # torch-preflight (on PyPI), `torch-preflight rules`
    "torch_preflight": {
        "graph-retained": {"TG001"},
        "no-grad-missing-eval": {"TG002"},
        "grads-not-cleared": {"TG003"},
        "double-softmax": {"TG005"},
        "nll-without-log": {"TG005"},
        "double-sigmoid": {"TG006"},
        "train-in-eval-mode": {"TG011"},
        "same-order-every-epoch": {"TG012"},
        "ga-not-scaled": {"TG014"},
    },
    # torch-audit (on PyPI), `torch-audit --list-rules`
    "torch_audit": {
        "graph-cut": {"TA103", "TA104", "TA500"},
        "loss-rewrapped": {"TA104"},
        "stale-optimizer": {"TA104"},
        "params-never-change": {"TA104"},
        "nothing-trainable": {"TA104"},
        "unregistered-submodule": {"TA500"},
        "dead-relu": {"TA103", "TA105"},
        "nan-loss": {"TA100"},
        "exploding-gradients": {"TA102"},
        "bn-tiny-batch": {"TA304"},
        "inputs-unnormalised": {"TA301"},
        "nhwc-input": {"TA303"},
    },
    # torchtest2 (on PyPI), its table "What is checked"
    "torchtest2": {
        "params-not-in-optimizer": {"optimizer_coverage", "params_change"},
        "stale-optimizer": {"optimizer_coverage", "params_change"},
        "params-never-change": {"params_change"},
        "nothing-trainable": {"gradient_flow", "params_change"},
        "graph-cut": {"gradient_flow", "params_change"},
        "loss-rewrapped": {"gradient_flow", "params_change", "loss"},
        "functional-dropout-always-on": {"eval_determinism"},
        "layer-created-in-forward": {"eval_determinism"},
        "softmax-wrong-dim": {"batch_independence"},
        "batch-mixing": {"batch_independence"},
        "mask-ignored": {"input_dependency"},
        "constant-predictions": {"output_varies"},
        "nan-loss": {"output_finite", "gradient_magnitude", "loss"},
    },
    # torchfix (on PyPI): deprecated and unsafe functions; none of these mistakes.
    "torchfix": {},
    # It names nothing: any invariant of the twin that a case breaks counts, whatever it says.
    "traincheck": {},
}


class _Every(dict[str, set[str]]):
    """Every mistake is named by anything that is said."""

    def get(self, key: str, default: object = None) -> set[str]:  # type: ignore[override]  # noqa: ARG002
        return {ANYTHING}


NAMES["traincheck"] = _Every()
