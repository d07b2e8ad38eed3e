"""Layers in a plain list or dictionary: the model does not know them.

## What happens
Modules that run inside the model's forward are not among its modules: they stand in a Python
list, a dictionary, or a closure. `model.parameters()` does not give their parameters.

## Why it hurts
The optimizer never gets them, so they stay as they were initialised. `model.to(device)`,
`train()`, `eval()` and `state_dict()` pass them by, too: a saved model is missing them.

## How to fix it
    self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])

or `nn.ModuleDict`, or `nn.Sequential`.

## When it is fine
A frozen network that is kept out of the model on purpose (for a perceptual loss): its parameters
need no gradient, or it runs without.

## Sources
pytorch/pytorch#59925, pytorch/pytorch#715, pytorch/pytorch#38639, pytorch/pytorch#72580.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import ModuleHidden

RULE = Rule(
    "unregistered-submodule",
    "error",
    needs=("forward", "step"),
    unproved="it happens inside of the program's own forward, which a replay runs as it is",
)


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each model with trainable modules that it does not know."""
    by_model: dict[tuple[int, str], list[ModuleHidden]] = {}
    for hidden in run.of(ModuleHidden):
        trained = hidden.model in run.taught_by
        site = run.site(hidden.site)
        # What a library's own container calls, that library looks after in its own way (Keras).
        theirs = site is not None and bool(site.via_file)
        if hidden.parameters and hidden.trainable and hidden.grad and trained and not theirs:
            by_model.setdefault((hidden.model, hidden.inside), []).append(hidden)
    for (_, inside), hidden_ones in by_model.items():
        first = hidden_ones[0]
        owned = all(hidden.owned for hidden in hidden_ones)
        yield RULE.found(
            "{model} runs {modules:unregistered module} ({classes}, {numbers:number})"
            + ("" if owned else ": no optimizer trains what is in there"),
            site=first.site,
            seek="container",
            step=first.step,
            count=len(hidden_ones),
            severity="warning" if owned else None,
            why="model.to(), train(), eval() and state_dict() pass them by" if owned else "",
            fix="nn.ModuleList([...]) in place of the list (or nn.ModuleDict)",
            modules=len(hidden_ones),
            classes=", ".join(dict.fromkeys(hidden.class_name for hidden in hidden_ones)),
            numbers=sum(hidden.parameters for hidden in hidden_ones),
            model=inside,
        )
