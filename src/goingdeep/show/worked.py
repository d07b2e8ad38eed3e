"""One weight over one step, worked with the numbers that were recorded.

The formulas are those of torch.optim's SGD, Adam and AdamW. For other optimizers, and where the
numbers do not give what PyTorch has, that is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from goingdeep.record.look import Weight
from goingdeep.record.seen import Fact
from goingdeep.show.numbers import as_float, exact, number

CLOSE = 1e-5
"""Of the weight, or of its change if that is larger: float32 has seven digits."""


def worked(weight: Weight, class_name: str, settings: Mapping[str, Fact]) -> list[str]:
    """Lines that work out the weight after the step, from the numbers before it."""
    before, after = as_float(weight.before), as_float(weight.after)
    gradient = as_float(weight.gradient) if weight.gradient is not None else None
    name = f"{weight.name}[{','.join(number(i) for i in weight.at)}]"
    if before is None or after is None:
        return [f"{name}: {weight.before} became {weight.after}"]
    if gradient is None:
        return [f"{name}: {exact(before)} has no gradient, and is {exact(after)} after the step"]
    known = {key: as_float(value) for key, value in settings.items()}
    numbers = {key: value for key, value in known.items() if value is not None}
    lines: list[str] = []
    result: float | None = None
    can_be = "lr" in numbers and all(map(math.isfinite, (before, after, gradient)))
    try:
        if can_be and class_name == "SGD":
            lines, result = _sgd(weight, before, gradient, numbers)
        elif can_be and class_name in {"Adam", "AdamW"} and not settings.get("amsgrad"):
            lines, result = _adam(weight, before, gradient, numbers, settings, class_name)
    except (ArithmeticError, ValueError):
        pass  # numbers that are not finite, or that nobody had
    if result is None:
        change = f"gradient {exact(gradient)}"
        return [f"{name}: {exact(before)} became {exact(after)} ({change})"]
    close = CLOSE * max(abs(after), abs(after - before))
    if not abs(result - after) <= max(close, 1e-12):
        lines.append(f"these numbers give {exact(result)}, PyTorch has {exact(after)}")
    return [f"{name}: " + lines[0], *lines[1:]]


def _sgd(
    weight: Weight, before: float, gradient: float, numbers: Mapping[str, float]
) -> tuple[list[str], float]:
    lines: list[str] = []
    rate, momentum = numbers["lr"], numbers.get("momentum", 0.0)
    step, shown = _decayed(before, gradient, numbers, lines)
    if momentum:
        old = as_float(weight.state_before.get("momentum_buffer"))
        if old is None:
            new = step
            lines.append(f"momentum begins with it: {exact(new)}")
        else:
            share = 1 - numbers.get("dampening", 0.0)
            new = momentum * old + share * step
            times = f"{exact(share)} x " if share != 1 else ""
            lines.append(
                f"momentum {exact(momentum)} x {exact(old)} + {times}{shown} = {exact(new)}"
            )
        step = step + momentum * new if numbers.get("nesterov") else new
        if numbers.get("nesterov"):
            lines.append(f"nesterov {shown} + {exact(momentum)} x {exact(new)} = {exact(step)}")
        shown = _signed(step)
    result = before - rate * step
    return [*lines, f"{exact(before)} - {exact(rate)} x {shown} = {exact(result)}"], result


def _adam(
    weight: Weight,
    before: float,
    gradient: float,
    numbers: Mapping[str, float],
    settings: Mapping[str, Fact],
    class_name: str,
) -> tuple[list[str], float | None]:
    rate, eps = numbers["lr"], numbers.get("eps", 1e-8)
    betas = [as_float(text) for text in str(settings.get("betas", "0.9, 0.999")).split(",")]
    after = {key: as_float(value) for key, value in weight.state_after.items()}
    m, v, count = after.get("exp_avg"), after.get("exp_avg_sq"), after.get("step")
    if len(betas) != 2 or m is None or v is None or count is None or not 1 <= count < 1e9:
        return [], None
    one, two = betas
    if one is None or two is None or not (0 <= one < 1 and 0 <= two < 1):
        return [], None
    lines: list[str] = []
    start = before
    if class_name == "AdamW":
        decay = numbers.get("weight_decay", 0.0)
        start = before * (1 - rate * decay)
        lines.append(
            f"decayed {exact(before)} x (1 - {exact(rate)} x {exact(decay)}) = {exact(start)}"
        )
    else:
        _decayed(before, gradient, numbers, lines)
    mean, square = m / (1 - one**count), v / (1 - two**count)
    lines += [
        f"mean of gradients {exact(m)} / (1 - {exact(one)}^{exact(count)}) = {exact(mean)}",
        f"mean of squares {exact(v)} / (1 - {exact(two)}^{exact(count)}) = {exact(square)}",
    ]
    result = start - rate * mean / (math.sqrt(square) + eps)
    lines.append(
        f"{exact(start)} - {exact(rate)} x {_signed(mean)} / (sqrt({exact(square)}) + {exact(eps)})"
        f" = {exact(result)}"
    )
    return lines, result


def _decayed(
    before: float, gradient: float, numbers: Mapping[str, float], lines: list[str]
) -> tuple[float, str]:
    """The gradient with what `maximize` and `weight_decay` make of it, and how it is written."""
    if numbers.get("maximize"):
        gradient = -gradient
        lines.append(f"turned round, as it maximizes: {exact(gradient)}")
    decay = numbers.get("weight_decay", 0.0)
    if not decay:
        return gradient, _signed(gradient)
    decayed = gradient + decay * before
    lines.append(
        f"weight decay {exact(gradient)} + {exact(decay)} x {_signed(before)} = {exact(decayed)}"
    )
    return decayed, _signed(decayed)


def _signed(value: float) -> str:
    """A negative number in brackets, as it is written after a sign."""
    return f"({exact(value)})" if value < 0 else exact(value)
