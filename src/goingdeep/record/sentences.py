"""One sentence for each operation of a close look.

The same sentence is a line in the terminal and what a page reads out, so each can be understood on
its own: what went in, what came out, in the units that it has. The line of source is not part of
it. Names in it are the program's own, and printed like any text from there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from goingdeep.record.look import Gradient, Update, Values
from goingdeep.words import many

NATS = frozenset(
    {"binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "kl_div",
     "nll_loss", "poisson_nll_loss"}
)  # fmt: skip
"""Losses that are logarithms of probabilities."""

OVER_CLASSES = frozenset({"cross_entropy", "nll_loss"})

LONGEST_NAME = 80
NAMED = 3
FEW_ZEROS = 0.001


def shape(lengths: Sequence[int]) -> str:
    """Lengths as people write them; -1 is a length that differs from row to row.

    >>> shape((64, 1, 28, 28)), shape(()), shape((3, -1))
    ('64x1x28x28', 'one number', '3x?')
    """
    return "x".join("?" if n < 0 else str(n) for n in lengths) or "one number"


def percent(share: float) -> str:
    """A share with two digits that count.

    >>> percent(0.5), percent(0.00123), percent(0.999), percent(12.5)
    ('50 %', '0.12 %', '99.9 %', '1,250 %')
    """
    value = 100 * share
    if not 0 < value < 100:
        return f"{value:,.0f} %"
    if value >= 99:
        return f"{value:.3g} %" if value < 99.95 else "nearly 100 %"
    return f"{float(f'{value:.2g}'):g} %"


def number(value: float | str | None) -> str:
    """A number with five digits that count; "nan" and "inf" are text already.

    >>> number(2.302585), number("nan"), number(0.001), number(64)
    ('2.3026', 'nan', '0.001', '64')
    """
    if value is None:
        return "not recorded"
    return f"{value:.5g}" if isinstance(value, float | int) else value


def batch(names: Sequence[str], tensors: Sequence[Values]) -> str:
    """What a loader gave.

    >>> batch(("0", "1"), (Values((64, 1, 28, 28), "float32"), Values((64,), "int64")))
    'a batch of 64x1x28x28 (float32) and 64 (int64)'
    """
    if not tensors:
        return "a batch without tensors"
    words = []
    for name, tensor in zip(names, tensors, strict=True):
        named = f"{_clip(name)} " if name and not name.isdecimal() else ""
        words.append(f"{named}{shape(tensor.shape)} ({tensor.dtype})")
    return f"a batch of {_listed(words, 4)}"


def call(
    class_name: str, inputs: Sequence[Values], outputs: Sequence[Values], parameters: int = 0
) -> str:
    """What a module made of what it was given; of a nested class the last name is enough.

    >>> call("Net.Flatten", [Values((64, 1, 28, 28), "float32")], [Values((64, 784), "float32")])
    'Flatten: 64x1x28x28 becomes 64x784'
    >>> call("Linear", [Values((64, 784), "float32")], [Values((64, 512), "float32")], 401920)
    'Linear: 64x784 becomes 64x512, 401,920 parameters'
    >>> x = Values((64, 512), "float32")
    >>> call("ReLU", [x], [Values((64, 512), "float32", zeros=0.5)])
    'ReLU: 64x512 keeps its shape, 50 % are 0'
    """
    given = _listed([shape(tensor.shape) for tensor in inputs], NAMED) or "nothing"
    made = _listed([shape(tensor.shape) for tensor in outputs], NAMED)
    if not made:
        text = f"{given} went in, no tensor came out"
    elif made == given:
        text = f"{given} {'keep their shapes' if len(inputs) > 1 else 'keeps its shape'}"
    else:
        text = f"{given} {'become' if len(inputs) > 1 else 'becomes'} {made}"
    if parameters:
        text += f", {many(parameters, 'parameter')}"
    zeros = outputs[0].zeros if outputs else 0.0
    # Few exact zeros are what any numbers have; an activation or Dropout makes many.
    if zeros >= FEW_ZEROS and math.prod(outputs[0].shape) > 1:
        text += f", {percent(zeros)} are 0"
    broken = sum(tensor.non_finite for tensor in outputs)
    if broken:
        text += f", {many(broken, 'value')} not finite"
    return f"{_clip(class_name.rpartition('.')[2])}: {text}"


def loss(
    function: str, scores: Values | None, target: Values | None, value: float | str | None
) -> str:
    """How wrong the model was.

    >>> loss("cross_entropy", Values((64, 10), "f4"), Values((64,), "int64"), 2.302585)
    'cross_entropy of 64x10 scores and 64 labels: 2.3026 nats'
    >>> loss("mse_loss", Values((64, 1), "f4"), Values((64, 1), "f4"), 0.25)
    'mse_loss of 64x1 and 64x1: 0.25'
    """
    over_classes = function in OVER_CLASSES
    words = []
    if scores is not None:
        kind = {"cross_entropy": " scores", "nll_loss": " log-probabilities"}.get(function, "")
        words.append(shape(scores.shape) + kind)
    if target is not None:
        labels = target.dtype.startswith(("int", "uint"))
        kind = (" labels" if labels else " probabilities") if over_classes else ""
        words.append(shape(target.shape) + kind)
    said = f"{_clip(function)} of {_listed(words, 2)}" if words else _clip(function)
    if value is None:
        return f"{said}: not one number"
    unit = " nats" if function in NATS and not isinstance(value, str) else ""
    return f"{said}: {number(value)}{unit}"


def backward(
    reached: int | None,
    trainable: int,
    unreached: Sequence[str],
    gradients: Sequence[Gradient],
    *,
    ended: bool = True,
) -> str:
    """How far a backward came.

    Args:
        reached: trainable parameters that the graph leads to; None where it was too large to walk.
        trainable: how many the models in use have.
        unreached: names of the others.
        gradients: what was there afterwards.
        ended: whether it came to its end.

    >>> backward(6, 6, (), ())
    'backward reached 6 of 6 trainable parameters'
    >>> backward(4, 6, ("head.weight", "head.bias"), ())
    'backward reached 4 of 6 trainable parameters, not head.weight and head.bias'
    """
    if not ended:
        return "backward did not come to its end"
    if reached is None:
        there = sum(gradient.state != "none" for gradient in gradients)
        text = f"backward left {many(there, 'gradient')}; its graph is too large to be walked"
    elif not trainable:
        known = len(gradients)
        text = f"backward reached {many(known, 'tensor')} outside of any model"
    else:
        text = f"backward reached {reached:,} of {many(trainable, 'trainable parameter')}"
        if unreached:
            missing = _listed([_clip(name) for name in unreached], NAMED, trainable - reached)
            text += f", not {missing}"
    zero = sum(gradient.state == "zero" for gradient in gradients)
    broken = sum(gradient.non_finite > 0 for gradient in gradients)
    if zero:
        text += f"; {many(zero, 'gradient')} {_are(zero)} zero"
    if broken:
        text += f"; {many(broken, 'gradient')} {_are(broken)} not finite"
    return text


def step(class_name: str, settings: Mapping[str, object], updates: Sequence[Update]) -> str:
    """What an optimizer did to the weights.

    >>> updates = (Update(0, "a", 10.0, 0.012, 0.0012), Update(0, "b", 1.0, 0.0, 0.0, False))
    >>> step("SGD", {"lr": 0.001}, updates)
    'SGD with lr 0.001 moved 1 of 2 parameters; the largest change is 0.12 % of its weight'
    """
    rate = settings.get("lr")
    known = isinstance(rate, float | int | str) and not isinstance(rate, bool)
    with_rate = f" with lr {_setting(rate)}" if known else ""
    moved = sum(update.changed for update in updates)
    all_of_them = many(len(updates), "parameter")
    text = f"{_clip(class_name)}{with_rate} moved "
    if not updates:
        return text + "no parameter that could be read"
    if not moved:
        return text + f"none of {all_of_them}"
    text += all_of_them if moved == len(updates) else f"{moved:,} of {all_of_them}"
    ratios = [u.ratio for u in updates if isinstance(u.ratio, float | int) and u.changed]
    if ratios:
        text += f"; the largest change is {percent(max(ratios))} of its weight"
    broken = sum(update.change in {"nan", "inf"} for update in updates)
    if broken:
        text += f"; {many(broken, 'change')} {_are(broken)} not finite"
    return text


def clear(by: str, before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """What was cleared, and how.

    >>> clear("optimizer", {"value": 6}, {"none": 6})
    'the optimizer cleared 6 gradients: none left'
    >>> clear("module", {"value": 6}, {"zero": 6})
    'the model cleared 6 gradients: all are 0'
    """
    who = {"optimizer": "the optimizer", "module": "the model", "hand": "the loop"}.get(by, "it")
    there = sum(count for state, count in before.items() if state != "none")
    if not there:
        return f"{who} had no gradient to clear"
    values, zeros = after.get("value", 0), after.get("zero", 0)
    text = f"{who} cleared {many(there, 'gradient')}: "
    if values:
        return f"{text}{values:,} of them still {'has' if values == 1 else 'have'} values"
    if zeros:
        return text + (
            "all are 0" if zeros >= there else f"{zeros:,} {_are(zeros)} 0, the rest gone"
        )
    return text + "none left"


def _listed(words: Sequence[str], most: int, count: int | None = None) -> str:
    """Words with commas and "and"; beyond `most`, how many more there are of `count`."""
    count = len(words) if count is None else count
    shown = list(words[:most])
    if count > len(shown):
        return f"{', '.join(shown)} and {count - len(shown):,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _setting(value: object) -> str:
    return number(value) if isinstance(value, float | int) else str(value)


def _clip(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
