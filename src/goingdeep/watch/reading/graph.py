"""Where a tensor came from, read off the autograd graph: no operation is intercepted for it.

Walking `grad_fn` costs some tenths of a microsecond a node. What a node saved (`_saved_dim`) must be
read before backward, which frees it.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

HOPS = 8
"""How far back provenance is followed."""

# Nodes that only show the same numbers in another form.
VIEWS = frozenset(
    {
        "ViewBackward0", "ReshapeAliasBackward0", "UnsafeViewBackward0", "SqueezeBackward0",
        "SqueezeBackward1", "UnsqueezeBackward0", "TransposeBackward0", "PermuteBackward0",
        "TBackward0", "SelectBackward0", "SliceBackward0", "IndexBackward0", "ExpandBackward0",
        "AliasBackward0", "CloneBackward0", "ToCopyBackward0", "CopyBackwards", "FlattenBackward0",
        "ContiguousBackward0", "ReshapeBackward0",
    }
)  # fmt: skip

# Nodes of PyTorch's loss functions.
LOSSES = frozenset(
    {
        "NllLossBackward0", "NllLoss2DBackward0", "CrossEntropyLossBackward0", "MseLossBackward0",
        "L1LossBackward0", "SmoothL1LossBackward0", "HuberLossBackward0", "KlDivBackward0",
        "BinaryCrossEntropyBackward0", "BinaryCrossEntropyWithLogitsBackward0", "CtcLossBackward0",
        "SoftMarginLossBackward0", "MultiMarginLossBackward0", "MultilabelMarginLossBackward0",
        "PoissonNllLossBackward0", "CosineEmbeddingLossBackward0",
    }
)  # fmt: skip

# Nodes that leave what is zero everywhere zero.
KEEP_ZEROS = frozenset(
    {
        "MaxPool2DWithIndicesBackward0", "MaxPool1DBackward0", "AvgPool2DBackward0",
        "AdaptiveAvgPool2DBackward0", "MeanBackward1", "NativeDropoutBackward0", "MulBackward0",
    }
)  # fmt: skip
# Nodes that a loss written by hand has between its difference and its root.
AVERAGING = frozenset(
    {
        "MeanBackward0", "MeanBackward1", "SumBackward0", "SumBackward1", "PowBackward0",
        "AbsBackward0", "MulBackward0", "DivBackward0", "SqrtBackward0", "LogBackward0",
        "CoshBackward0", "LinalgVectorNormBackward0",
    }
)  # fmt: skip
DIFFERENCES = frozenset({"SubBackward0", "RsubBackward1"})
SUMS = frozenset({"AddBackward0"})
FLATTENINGS = frozenset({"ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0"})
# A node's `metadata` is a dictionary that lives as long as the node.
_SITE = "goingdeep.site"

# The one node of all that a compiled function did.
COMPILED = "CompiledFunctionBackward"

SCALINGS = frozenset({"DivBackward0", "MulBackward0"})
SOFTMAXES = frozenset({"SoftmaxBackward0", "LogSoftmaxBackward0"})


# The name of a class of PyTorch's is made anew each time that it is asked for.
_kinds: dict[type, str] = {}
_VIEW = "a view"
_MAX_KINDS = 1_000


def _learn(kind: type) -> str:
    """The name of a class of nodes, `_VIEW` for those in `VIEWS`."""
    if len(_kinds) >= _MAX_KINDS:
        _kinds.clear()
    name = _kinds[kind] = _VIEW if kind.__name__ in VIEWS else kind.__name__
    return name


def came_from(tensor: Tensor, hops: int = HOPS) -> tuple[str, ...]:
    """Names of the nodes that made a tensor, newest first, along the first input of each.

    Views are left out; a node that reads a parameter ends the way.
    """
    node: Any = tensor.grad_fn
    names: list[str] = []
    walked = 0
    while node is not None and len(names) < hops and walked < 3 * hops:
        walked += 1
        name = _kinds.get(type(node)) or _learn(type(node))
        if name is not _VIEW:
            names.append(name)
        following = node.next_functions
        node = following[0][0] if following else None
    return tuple(names)


def mark_site(tensor: Tensor, site: int) -> None:
    """Remember the line that made a tensor at its node, for `came_from_sites`."""
    node: Any = tensor.grad_fn
    if node is not None:
        node.metadata[_SITE] = site


def came_from_sites(tensor: Tensor, hops: int = HOPS) -> tuple[int, ...]:
    """The lines of the nodes that `came_from` names, -1 where unknown; () where all are."""
    node: Any = tensor.grad_fn
    sites: list[int] = []
    walked = 0
    while node is not None and len(sites) < hops and walked < 3 * hops:
        walked += 1
        if type(node).__name__ not in VIEWS:
            sites.append(node.metadata.get(_SITE, -1))
        following = node.next_functions
        node = following[0][0] if following else None
    return tuple(sites) if max(sites, default=-1) >= 0 else ()


def way_to_loss(root: Tensor) -> tuple[tuple[str, ...], Any]:
    """The nodes from the root of a backward down to a loss function's own, that one included.

    Where none is met within the bound, the first nodes: a loss written by hand looks so.

    Returns:
        Their names, and the node of the loss function; the root's own where there is none.
    """
    node: Any = root.grad_fn
    names: list[str] = []
    while node is not None and len(names) < HOPS:
        name = _kinds.get(type(node)) or _learn(type(node))
        if name is not _VIEW:
            names.append(name)
            if name in LOSSES:
                return tuple(names), node
        following = node.next_functions
        node = None
        for function, _ in following:
            if function is not None:  # `0.5 * loss` has a constant on one side
                node = function
                break
    return tuple(names), root.grad_fn


def softmax_dim(tensor: Tensor) -> int | None:
    """The axis of the (log-)softmax that made a tensor, counted from the front; None without one."""
    node: Any = tensor.grad_fn
    for _ in range(3 * HOPS):
        if node is None:
            return None
        name = type(node).__name__
        if name in SOFTMAXES:
            dim = int(node._saved_dim)  # noqa: SLF001
            # A negative axis is saved as an unsigned number.
            dim = dim - 2**64 if dim >= 2**63 else dim
            return dim % tensor.dim() if dim < 0 and tensor.dim() else dim
        if name not in VIEWS:
            return None
        following = node.next_functions
        node = following[0][0] if following else None
    return None


def rows_before_flattening(tensor: Tensor) -> int:
    """Of how many rows the positions in a [rows * positions, K] tensor were, read off its view.

    0 where it was not flattened from three axes.
    """
    node: Any = tensor.grad_fn
    if tensor.dim() != 2 or type(node).__name__ not in FLATTENINGS:
        return 0
    sizes = node._saved_self_sym_sizes  # noqa: SLF001
    if len(sizes) != 3 or int(sizes[0]) * int(sizes[1]) != tensor.shape[0]:
        return 0
    return int(sizes[0])


def stretched_difference(root: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Shapes of a difference that a loss averages, and of the predictions in it, where they differ.

    Only where the other side has no graph (targets), and the predictions were not given an axis on
    purpose just before. Of a sum of losses each is looked at.
    """
    ways: list[Any] = [root.grad_fn]
    for _ in range(2 * HOPS):
        if not ways:
            return None
        node = ways.pop()
        name = type(node).__name__
        sides = [function for function, _ in node.next_functions if function is not None]
        if name in DIFFERENCES:
            if len(sides) == 1 and type(sides[0]).__name__ != "UnsqueezeBackward0":
                table, own = _shape(node), _shape(sides[0])
                if table and own and table != own:
                    return table, own
        elif name in AVERAGING:
            ways += sides[:1]
        elif name in SUMS and not _shape(node):
            ways += reversed(sides)
    return None


def _shape(node: Any) -> tuple[int, ...]:
    """The shape of what a node made; () where it made several things, or one number."""
    made: Any = getattr(node, "_input_metadata", ())
    return tuple(int(length) for length in made[0].shape) if len(made) == 1 else ()
