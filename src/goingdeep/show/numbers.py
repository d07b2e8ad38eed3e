"""Numbers and shapes as they are shown to people."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SHORT = {
    "float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16",
    "uint8": "u8", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "bool": "bool",
}  # fmt: skip
MOST_AXES = 8


def number(value: object, digits: int = 4) -> str:
    """A number in at most so many significant digits; text ("nan", "cosine") stays as it is.

    >>> number(0.001), number(2.30258509), number(1234567), number(True), number(float("nan"))
    ('0.001', '2.303', '1,234,567', 'True', 'nan')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        # Python refuses to write out an integer of thousands of digits.
        return f"{value:,}" if abs(value) < 10**18 else f"{'-' * (value < 0)}more than 10^18"
    if math.isfinite(value) and value == int(value) and abs(value) < 10**digits:
        return f"{int(value):,}"
    return f"{value:.{digits}g}"


def exact(value: object) -> str:
    """A float32 in the nine digits that tell it from every other one.

    >>> exact(0.1), exact(0.012345678711526394)
    ('0.1', '0.0123456787')
    """
    return f"{value:.9g}" if isinstance(value, int | float) else str(value)


def counted(count: int, thing: str, things: str = "") -> str:
    """A number and what it counts, however large it claims to be.

    >>> counted(1, "class", "classes"), counted(2000, "step")
    ('1 class', '2,000 steps')
    """
    return f"{number(count)} {thing if count == 1 else things or thing + 's'}"


def times(count: int) -> str:
    """How often: "once", "16 times"."""
    return "once" if count == 1 else f"{number(count)} times"


def percent(share: float) -> str:
    """A share of one, with one digit where it says something.

    >>> percent(0.5), percent(0.502), percent(0.0001), percent(0.9999)
    ('50 %', '50.2 %', '0.01 %', '99.99 %')
    """
    value = 100 * share
    if not math.isfinite(value):
        return f"{value} %"
    for digits in (1, 2):
        text = f"{value:.{digits}f}"
        if float(text) not in {0.0, 100.0} or value in {0.0, 100.0}:
            return f"{text.removesuffix('.0')} %"
    return "under 0.01 %" if value < 1 else "over 99.99 %"


def spell(dtype: str, shape: Sequence[int]) -> str:
    """The one spelling of a tensor for people.

    >>> spell("float32", (64, 1, 28, 28))
    'f32[64,1,28,28]'
    """
    axes = [number(length).replace(",", "") for length in shape[:MOST_AXES]]
    axes += ["..."] * (len(shape) > MOST_AXES)
    kind = dtype.removeprefix("torch.")
    return f"{_SHORT.get(kind, kind)}[{','.join(axes)}]"


def product(shape: Sequence[int]) -> int:
    """How many numbers a tensor of this shape has; a length below 0 counts as none."""
    count = 1
    for length in shape[:64]:
        count = min(count * max(0, length), 10**18)
    return count


def as_float(value: object) -> float | None:
    """A number that may have been written as text ("inf"); None where it is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def ranges(steps: Sequence[int], most: int = 6) -> str:
    """Steps in words: "1, 2, 3, 10 and 4 more".

    >>> ranges([1, 2, 5]), ranges([4])
    ('1, 2 and 5', '4')
    """
    shown = [number(step) for step in steps[:most]]
    if len(steps) > most:
        return f"{', '.join(shown)} and {number(len(steps) - most)} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
