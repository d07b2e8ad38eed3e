"""A layer is built anew in every forward.

## What happens
`nn.Linear(...)`, `nn.BatchNorm2d(...)` or `nn.Dropout(...)` stands inside `forward`. Each call
makes a new one with new random weights, uses it once, and forgets it.

## Why it hurts
A layer with parameters is random noise that is never trained and differs at every call, in
evaluation too. A Dropout made this way is always in training mode: `model.eval()` cannot reach
it.

## How to fix it
Build it in `__init__`, use it in `forward`:

    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)

## When it is fine
Building a layer once, at the first call, when its size becomes known. Modules without parameters
and modes (ReLU, a loss) only cost a little time.

## Sources
yangze0930/NTS-Net#14.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import ModuleMade

RULE = Rule(
    "layer-created-in-forward",
    "error",
    needs=("forward",),
    unproved="it happens inside of the program's own forward, which a replay runs as it is",
)

LEAST_FORWARDS = 3
"""A layer that is built once, when its size is known, is not built in three forwards."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each line in a forward that builds a layer which matters."""
    newest: dict[tuple[str, int], ModuleMade] = {}
    for made in run.of(ModuleMade):
        key = made.class_name, made.site
        if key not in newest or made.count > newest[key].count:
            newest[key] = made
    for made in newest.values():
        dropout = "Dropout" in made.class_name
        if made.count >= LEAST_FORWARDS and (made.parameters or dropout):
            yield RULE.found(
                "{layer} was built in {forwards} forwards of {model}"
                + (", each time with new parameters" if made.parameters else ""),
                site=made.site,
                step=made.step,
                count=made.count,
                severity=None if made.parameters else "warning",
                why=""
                if made.parameters
                else "model.eval() cannot reach it: it drops in evaluation",
                fix="build it in __init__ and use it here",
                layer=made.class_name,
                forwards=made.count,
                model=made.inside,
            )
