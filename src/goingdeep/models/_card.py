"""What a model is made of: layers, shapes, parameters and the work for one image.

Axes in this file: N samples, C channels, H height, W width.
Nothing here is printed, and torch is imported only to measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goingdeep.models._images import spell_shape

if TYPE_CHECKING:
    from torch import nn

# Two, as in _trial.py: a forward that squeezes lengths of 1 away would fail on one.
_SAMPLES = 2


@dataclass(frozen=True)
class LayerRow:
    """One call of one layer.

    layer: its name in the model and its class ("0 Flatten"); a layer called twice has two rows.
    takes, gives: "f32[N,1,28,28]"; several tensors with commas; "" where there are none.
    parameters: numbers that training changes, counted where they are first used.
    multiply_adds: products added up for one image, in convolutions and matrix products.
    """

    layer: str
    takes: str
    gives: str
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class ModelCard:
    """The rows in the order of the calls, and their sums. `dataclasses.asdict` makes it JSON."""

    rows: tuple[LayerRow, ...]
    parameters: int
    multiply_adds: int


@dataclass
class _Call:
    """A call that is being watched; `work` is the counter's state when it began."""

    name: str
    takes: str
    work: int
    is_leaf: bool = True


def card(model: nn.Module, channels: int, height: int, width: int) -> ModelCard:
    """Watch one forward in eval mode.

    Additions, ReLU, pooling and BatchNorm are not counted: they are a few per cent of the work of
    the products. What a model computes or owns outside its innermost layers is one last row.

    Args:
        model: as `build` gives it.
        channels: C, 1 for grey and 3 for colour.
        height: H, in pixels.
        width: W, in pixels.
    Raises:
        Whatever the model's own forward raises.
    Changes:
        Nothing: buffers, mode and torch's generator are as before.
    """
    import torch

    from goingdeep.models._trial import eval_mode, forward_on_copies
    from goingdeep.models._work import WorkCounter

    first = next(model.parameters(), None)
    device = first.device if first is not None else None
    images = torch.zeros(_SAMPLES, channels, height, width, device=device)
    counter = WorkCounter()
    rows: list[LayerRow] = []
    calls: list[_Call] = []
    seen: set[str] = set()

    def own(prefix: str) -> int:
        """Parameters at or below a layer that no earlier row has counted."""
        fresh = [
            (n, p)
            for n, p in model.named_parameters()
            if n not in seen and (not prefix or n.startswith(f"{prefix}."))
        ]
        seen.update(n for n, _ in fresh)
        return sum(p.numel() for _, p in fresh)

    def enter(name: str, args: tuple[Any, ...]) -> None:
        if calls:
            calls[-1].is_leaf = False
        calls.append(_Call(name, _spell(args), counter.multiply_adds))

    def leave(module: nn.Module, output: object) -> None:
        call = calls.pop()
        if call.is_leaf:
            title = f"{call.name} {type(module).__name__}".strip()
            work = (counter.multiply_adds - call.work) // _SAMPLES
            rows.append(LayerRow(title, call.takes, _spell(output), own(call.name), work))

    hooks = []
    for name, module in model.named_modules():
        hooks += [
            module.register_forward_pre_hook(lambda _m, args, name=name: enter(name, args)),
            module.register_forward_hook(lambda m, _args, output: leave(m, output)),
        ]
    # With its fast path, attention is one call that the counter cannot look into.
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(value=False)
    try:
        with (
            torch.no_grad(),
            eval_mode(model),
            torch.random.fork_rng(devices=[]),
            counter,
        ):
            forward_on_copies(model, images)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        for hook in hooks:
            hook.remove()

    total = counter.multiply_adds // _SAMPLES
    rest_work, rest_parameters = total - sum(r.multiply_adds for r in rows), own("")
    if rest_work or rest_parameters:
        rows.append(LayerRow("outside these layers", "", "", rest_parameters, rest_work))
    return ModelCard(tuple(rows), sum(r.parameters for r in rows), total)


def _spell(value: object) -> str:
    """All tensors in a call's input or output."""
    import torch

    if isinstance(value, torch.Tensor):
        axes = [str(length) for length in value.shape]
        if axes and value.shape[0] and value.shape[0] % _SAMPLES == 0:
            each = value.shape[0] // _SAMPLES
            axes[0] = "N" if each == 1 else f"{each}N"
        return spell_shape(value.dtype, axes)
    if isinstance(value, list | tuple):
        return ", ".join(text for item in value if (text := _spell(item)))
    if isinstance(value, dict):
        return _spell(list(value.values()))
    return ""
