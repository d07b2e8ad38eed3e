"""A checkpoint was loaded, and (nearly) nothing of it fitted.

## What happens
`load_state_dict(..., strict=False)` found no parameter under the names of the file, or only a
few. Most often all names differ by one prefix: "module." from DataParallel, "model." or
"backbone." from a wrapper.

## Why it hurts
The model trains or predicts from random weights, although a checkpoint was "loaded".
`strict=False` silences the error that would have said so.

## How to fix it
Take the prefix off the names, and load strictly:

    state = {name.removeprefix("module."): value for name, value in state.items()}
    model.load_state_dict(state)

Where a new head is meant to be left out, read what the call returns: it lists both sides.

## When it is fine
Leaving out a head or a few layers on purpose matches most of the model.

## Sources
pytorch/examples#1029, pytorch/pytorch#141256, stefanopini/simple-HRNet#79.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import StateLoaded

RULE = Rule(
    "load-nothing-matched",
    "error",
    needs=(),
    unproved="what should have been loaded is in a file, and no part of the record",
)

MOSTLY_MISSING = 0.5
"""Of the model's names, from which on a common prefix is worth a warning."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each load that matched nothing, or missed most by a prefix."""
    for loaded in run.of(StateLoaded):
        names = loaded.matched + loaded.missing
        if loaded.what != "model" or loaded.strict or not names or not loaded.missing:
            continue
        prefix = _prefix(loaded)
        nothing = loaded.matched == 0 and loaded.unexpected > 0
        mostly = loaded.missing > MOSTLY_MISSING * names and bool(prefix)
        if nothing or mostly:
            yield RULE.found(
                "{matched} of {names} names of {model} were found in what was loaded"
                + (": the other side has {prefix}" if prefix else ""),
                site=loaded.site,
                step=loaded.step,
                severity=None if nothing else "warning",
                fix=_fix(prefix),
                matched=loaded.matched,
                names=names,
                model=loaded.class_name,
                prefix=_said(prefix) if prefix else None,
                unexpected=loaded.unexpected,
                missing_examples=loaded.missing_examples,
                unexpected_examples=loaded.unexpected_examples,
            )


def _prefix(loaded: StateLoaded) -> str:
    """What the file's names have in front ("+module."), or lack ("-module."); "" for neither."""
    for unexpected in loaded.unexpected_examples:
        for missing in loaded.missing_examples:
            if unexpected.endswith("." + missing):
                return "+" + unexpected.removesuffix(missing)
            if missing.endswith("." + unexpected):
                return "-" + missing.removesuffix(unexpected)
    return ""


def _said(prefix: str) -> str:
    return f"{prefix[1:]!r} in front" if prefix[0] == "+" else f"no {prefix[1:]!r} in front"


def _fix(prefix: str) -> str:
    if prefix.startswith("+"):
        return f"{{k.removeprefix({prefix[1:]!r}): v for k, v in state.items()}}, and strict=True"
    if prefix.startswith("-"):
        return f"{{{prefix[1:]!r} + k: v for k, v in state.items()}}, and strict=True"
    return "print(model.load_state_dict(state, strict=False)) lists the names of both sides"
