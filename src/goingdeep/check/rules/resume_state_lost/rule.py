"""A checkpoint is resumed with the optimizer's part left in the file.

## What happens
A model was loaded from a file that holds an optimizer's state, too, and then trained by an optimizer
that nothing was loaded into, in a program that writes such files itself.

## Why it hurts
Adam and momentum begin from nothing, with moments that take hundreds of steps to settle, and the
schedule of the learning rate begins anew: the loss jumps, and a resumed run is not the run that was
stopped.

## How to fix it
    checkpoint = torch.load(path)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])

## When it is fine
Fine-tuning from somebody's weights, with an optimizer of one's own: the record cannot tell that from a
resume, so this is a hint. Going back to the start, after a search for a learning rate.

## Sources
NVIDIA-NeMo/Automodel#763, PolymathicAI/the_well#77, LibreYOLO/libreyolo#277, CodefyUI/CodefyUI#147.
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.check.rule import Finding, Rule
from goingdeep.check.run import Run
from goingdeep.record.seen import Optimizer, StateLoaded, StateSaved

RULE = Rule(
    "resume-state-lost",
    "hint",
    needs=("step", "optimizer"),
    unproved="what should have been loaded is in a file, and no part of the record",
)

PARTS = ("optim", "opt_state")
"""What the key of an optimizer's state has in it."""


def check(run: Run) -> Iterator[Finding]:
    """Yield a finding for each load of a model whose optimizer stayed behind."""
    loads = run.of(StateLoaded)
    restored = {loaded.number for loaded in loads if loaded.what == "optimizer"}
    writes = any(_holds(saved.keys) for saved in run.of(StateSaved))
    for loaded in loads:
        whole = not loaded.missing and not loaded.unexpected
        if loaded.what != "model" or not whole or not _holds(loaded.held) or not writes:
            continue
        if _is_the_start(run, loaded):
            continue
        fresh = _first_after(run, loaded.step)
        if fresh is None or fresh.id in restored or not _has_state(fresh):
            continue
        yield RULE.found(
            "a model was loaded from a file that also holds {held}, and {optimizer} went on without it",
            site=loaded.site,
            step=loaded.step,
            fix='optimizer.load_state_dict(checkpoint["optimizer"])',
            held=next(key for key in loaded.held if _holds((key,))),
            optimizer=fresh.class_name,
            steps_after=run.steps_of(fresh.id),
        )


def _is_the_start(run: Run, loaded: StateLoaded) -> bool:
    """Whether what is loaded was written before the first step, as a search for a rate does."""
    before = [saved.step for saved in run.of(StateSaved) if saved.step <= loaded.step]
    return bool(before) and loaded.step > 0 and not any(before)


def _holds(keys: tuple[str, ...]) -> bool:
    return any(part in key.lower() for key in keys for part in PARTS)


def _first_after(run: Run, step: int) -> Optimizer | None:
    """The optimizer that did its very first step after this one."""
    firsts = {number: stretches[0].first for number, stretches in run.by_optimizer.items()}
    later = [number for number, first in firsts.items() if first > step]
    number = min(later, key=lambda one: firsts[one], default=None)
    return run.optimizers.get(number) if number is not None else None


def _has_state(optimizer: Optimizer) -> bool:
    """Whether there is anything to lose: plain SGD remembers nothing."""
    momenta = [group.settings.get("momentum") for group in optimizer.groups]
    return optimizer.class_name != "SGD" or any(momenta)
