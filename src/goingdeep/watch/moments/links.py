"""How recorded operations hang together, read off the autograd graph.

What a forward or a loss returned is marked at its graph node. From the input of a loss, or from the
root of a backward, the nodes are followed down to such a mark; each node on the way that is known
here becomes a link, which a replay can do again. A node that is not known ends it: what the loop
computed there cannot be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

KEY = "goingdeep.moment"
MOST_LINKS = 16
MOST_PARTS = 512
"""Losses that are summed before one backward."""


class CannotFollowError(Exception):
    """The way between two operations has something in it that cannot be repeated."""


@dataclass(frozen=True, slots=True)
class Link:
    """One small operation between two recorded ones: "softmax", "reshape", "divide", ..."""

    name: str
    facts: tuple[Any, ...] = ()

    def do(self, x: Tensor) -> Tensor:
        """Do it again."""
        return _DO[self.name](x, *self.facts)


@dataclass(frozen=True, slots=True)
class Made:
    """A tensor that a recorded operation returned: its number, and where in the result."""

    slot: int
    path: tuple[tuple[str, Any], ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """The root of a backward: losses, each after its links and with its sign, added up."""

    parts: tuple[tuple[Made, float], ...]


def mark(tensor: Tensor, moment: int, made: Made) -> None:
    """Remember at a tensor's graph node which recorded operation it came from."""
    node = tensor.grad_fn
    if node is not None:
        # An attribute, whatever PyTorch's stubs say: a dictionary that lives as long as the node.
        marks: dict[Any, Any] = node.metadata  # type: ignore[assignment]
        marks.setdefault((KEY, moment), {})[tensor.output_nr] = made


def came_from(tensor: Tensor, moment: int) -> Made:
    """The recorded result that a tensor was made of, with the links in between.

    Raises:
        CannotFollowError: there is something in between that is not known.
    """
    found = _down(tensor.grad_fn, tensor.output_nr, moment)
    if isinstance(found, Made):
        return found
    raise CannotFollowError(f"made by {_name(found[0])}")


def root_of(tensor: Tensor, moment: int) -> Sum:
    """What the root of a backward is made of.

    Raises:
        CannotFollowError: it is no sum of recorded losses.
    """
    parts: list[tuple[Made, float]] = []
    waiting: list[tuple[Any, int, tuple[Link, ...], float]] = [
        (tensor.grad_fn, tensor.output_nr, (), 1.0)
    ]
    while waiting:
        node, output, links, sign = waiting.pop()
        found = _down(node, output, moment)
        if isinstance(found, Made):
            parts.append((Made(found.slot, found.path, found.links + links), sign))
        else:
            stopped, after = found
            if _name(stopped) not in ("AddBackward0", "SubBackward0"):
                raise CannotFollowError(f"the loss was made by {_name(stopped)}")
            alpha = float(stopped._saved_alpha)  # noqa: SLF001
            second = alpha if _name(stopped) == "AddBackward0" else -alpha
            for (inner, number), factor in zip(stopped.next_functions, (1.0, second), strict=True):
                if inner is not None:  # a constant that was added moves no gradient
                    waiting.append((inner, number, after + links, sign * factor))
        if len(parts) + len(waiting) > MOST_PARTS:
            raise CannotFollowError(f"the loss is a sum of more than {MOST_PARTS}")
    if not parts:
        raise CannotFollowError("backward began at a tensor that nothing was computed for")
    return Sum(tuple(reversed(parts)))


def _down(node: Any, output: int, moment: int) -> Made | tuple[Any, tuple[Link, ...]]:
    """Follow links down to a mark, or to the first node that is none, which is returned."""
    links: list[Link] = []
    while node is not None and len(links) <= MOST_LINKS:
        marks = node.metadata.get((KEY, moment))
        if marks is not None and output in marks:
            made: Made = marks[output]
            return Made(made.slot, made.path, tuple(reversed(links)))
        link = _read(node)
        if link is None:
            break
        links.append(link)
        node, output = next(pair for pair in node.next_functions if pair[0] is not None)
    return node, tuple(reversed(links))


def _read(node: Any) -> Link | None:
    name = _name(node)
    if sum(inner is not None for inner, _ in node.next_functions) != 1:
        return None
    reader = _READ.get(name)
    try:
        return reader(node) if reader is not None else None
    except RuntimeError:  # what it had saved was freed by an earlier backward
        return None


def _name(node: Any) -> str:
    return "nothing that is differentiable" if node is None else type(node).__name__


def _signed(number: int) -> int:
    """Negative numbers are saved as unsigned ones."""
    return number - 2**64 if number >= 2**63 else number


def _shape(node: Any) -> tuple[int, ...]:
    return tuple(node._input_metadata[0].shape)  # noqa: SLF001 - that of its gradient: its output's


def _fixed(name: str) -> Callable[[Any], Link]:
    return lambda _: Link(name)


def _saved(name: str, *fields: str) -> Callable[[Any], Link]:
    return lambda node: Link(
        name, tuple(_signed(int(getattr(node, f"_saved_{field}"))) for field in fields)
    )


def _by_number(name: str) -> Callable[[Any], Link | None]:
    def read(node: Any) -> Link | None:
        other = node._saved_other  # noqa: SLF001
        if not isinstance(other, Tensor) or other.dim() or other.requires_grad:
            return None
        return Link(name, (other.item(),))

    return read


def _reshaped(node: Any) -> Link:
    return Link("reshape", (_shape(node),))


_READ: dict[str, Callable[[Any], Link | None]] = {
    "SoftmaxBackward0": _saved("softmax", "dim"),
    "LogSoftmaxBackward0": _saved("log_softmax", "dim"),
    "SigmoidBackward0": _fixed("sigmoid"),
    "LogSigmoidBackward0": _fixed("log_sigmoid"),
    "TanhBackward0": _fixed("tanh"),
    "ReluBackward0": _fixed("relu"),
    "LogBackward0": _fixed("log"),
    "ExpBackward0": _fixed("exp"),
    "NegBackward0": _fixed("neg"),
    "CloneBackward0": _fixed("clone"),
    "TBackward0": _fixed("t"),
    "TransposeBackward0": _saved("transpose", "dim0", "dim1"),
    "SelectBackward0": _saved("select", "dim", "index"),
    "SliceBackward0": _saved("slice", "dim", "start", "end", "step"),
    "PermuteBackward0": lambda node: Link(
        "permute", (tuple(_signed(d) for d in node._saved_dims),)  # noqa: SLF001
    ),
    "ToCopyBackward0": lambda node: Link("to", (node._input_metadata[0].dtype,)),  # noqa: SLF001
    "ExpandBackward0": lambda node: Link("expand", (_shape(node),)),
    "MulBackward0": _by_number("multiply"),
    "DivBackward0": _by_number("divide"),
    "MeanBackward0": _fixed("mean"),
    "SumBackward0": _fixed("sum"),
    **dict.fromkeys(
        (
            "ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0", "SqueezeBackward0",
            "SqueezeBackward1", "SqueezeBackward2", "UnsqueezeBackward0",
        ),
        _reshaped,
    ),
}  # fmt: skip

_DO: dict[str, Callable[..., Tensor]] = {
    "softmax": lambda x, dim: x.softmax(dim),
    "log_softmax": lambda x, dim: x.log_softmax(dim),
    "sigmoid": torch.sigmoid,
    "log_sigmoid": torch.nn.functional.logsigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "log": torch.log,
    "exp": torch.exp,
    "neg": torch.neg,
    "clone": torch.clone,
    "t": torch.t,
    "transpose": torch.transpose,
    "select": torch.select,
    "slice": lambda x, dim, start, end, step: x[
        (slice(None),) * (dim % x.dim()) + (slice(start, end, step),)
    ],
    "permute": lambda x, dims: x.permute(dims),
    "to": lambda x, dtype: x.to(dtype),
    "expand": lambda x, shape: x.expand(shape),
    "multiply": lambda x, number: x * number,
    "divide": lambda x, number: x / number,
    "mean": torch.mean,
    "sum": torch.sum,
    "detach": lambda x: x.detach(),
    "reshape": lambda x, shape: x.reshape(shape),
}
