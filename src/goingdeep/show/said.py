"""What an operation of a close look did, in one line."""

from __future__ import annotations

from collections.abc import Mapping

from goingdeep.record import look
from goingdeep.record.reading import Seen
from goingdeep.record.seen import Fact
from goingdeep.show.names import Names
from goingdeep.show.numbers import counted, number, spell
from goingdeep.show.words import BEFORE

NO_WORD = {"foreach", "fused", "capturable", "differentiable", "decoupled_weight_decay"}
"""Settings that decide how a step is done, not where it goes; the class says the last one."""

STATES = {"value": "with values"}
BEFORE_IT = {**BEFORE, "value": "there were gradients before it"}


def said(part: look.LookEvent, found: Seen, names: Names) -> tuple[str, str, str]:
    """The kind of operation, its sentence, and what is worth a word besides.

    The sentence comes with the record; where it does not, it is made of the numbers.
    """
    label, sentence, more = "", "", ""
    if isinstance(part, look.LookBatch):
        several = part.loader >= 0 and len(found.loaders) > 1
        label, sentence = "batch", counted(len(part.tensors), "tensor")
        more = f"from {names.loader(part.loader)}" if several else ""
    elif isinstance(part, look.LookCall):
        mode = "in training mode" if part.training else "in evaluation mode"
        label, sentence, more = "forward", names.model(part.model), mode
    elif isinstance(part, look.LookLoss):
        label, sentence = "loss", _loss(part)
    elif isinstance(part, look.LookBackward):
        label, sentence, more = (
            "backward",
            counted(len(part.gradients), "gradient"),
            _backward(part),
        )
    elif isinstance(part, look.LookStep):
        label, sentence = "step", names.optimizer(part.optimizer)
        told = {"lr", "initial_lr"} if part.sentence else {"initial_lr"}
        more = settings_text({k: v for k, v in part.settings.items() if k not in told})
    elif isinstance(part, look.LookClear):
        label, sentence = "clear", _clear(part, names)
    if part.sentence:
        return label, part.sentence.removeprefix(f"{label} "), more
    return label, f"{sentence}, {more}" if more else sentence, ""


def _loss(part: look.LookLoss) -> str:
    value = f" = {number(part.value)}" if part.value is not None else ""
    inputs = [spell(v.dtype, v.shape) for v in (part.input, part.target) if v is not None]
    return f"{part.function or 'a loss'}{' of ' * bool(inputs)}{' and '.join(inputs)}{value}"


def _backward(part: look.LookBackward) -> str:
    parts = [states(part.before, BEFORE_IT)] if part.before else []
    if part.nodes > 0:
        parts.append(f"{counted(part.nodes, 'node')} in the graph")
    if len(part.came_from) > 1:
        parts.append(f"begun at {', then '.join(part.came_from[:4])}")
    return "; ".join(parts)


def _clear(part: look.LookClear, names: Names) -> str:
    whose = {"optimizer": names.optimizer, "module": names.model}.get(part.by)
    before, after = states(part.before), states(part.after)
    return (f"gradients of {whose(part.number)}: " if whose else "gradients: ") + (
        f"{before or 'unknown'} before, {after or 'unknown'} after"
    )


def states(counts: Mapping[str, int], words: Mapping[str, str] | None = None) -> str:
    """States of gradients, counted: "5 value, 1 none"; where all are alike, in words."""
    only = next(iter(counts)) if len(counts) == 1 else ""
    if words and only in words:
        return words[only]
    return ", ".join(
        f"{number(n)} {STATES.get(state, state)}" for state, n in list(counts.items())[:6]
    )


def settings_text(settings: Mapping[str, Fact]) -> str:
    """Settings that do something: "lr 0.1, momentum 0.9"."""
    shown = [
        f"{key} {number(value, 9)}"
        for key, value in settings.items()
        if value not in {None, False, ""} and key not in NO_WORD
    ]
    return ", ".join(shown[:8])
