"""Does a fresh model give K scores for images of this size? Tried before training starts.

Axes in this file: N samples, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy

from goingdeep.errors import ShapeError
from goingdeep.models._images import spell

# Two, not one: with one, a model that mixes up samples and classes could pass.
_SAMPLES = 2


def try_out(
    name: str, model: nn.Module, size: tuple[int, int, int], classes: int, *, place: str
) -> None:
    """Give the model two black images f32[2,C,H,W] in eval mode; f32[2,K] must come back.

    Args:
        name: as the user wrote it.
        model: on any device, in any mode.
        size: C, H, W.
        classes: K.
        place: the file to name in an error.
    Raises:
        ShapeError: the model fails on such images, or gives something else.
    Changes:
        Nothing. Mode, buffers and torch's CPU generator are as before, even if the model draws
        random numbers in eval mode. Only lazy layers (nn.LazyLinear) become real ones here, with
        the draws that their first batch would have made.
    """
    first = next(model.parameters(), None)
    images = torch.zeros(_SAMPLES, *size, device=first.device if first is not None else None)
    try:
        with torch.no_grad(), eval_mode(model):
            if any(is_lazy(p) for p in model.parameters()):
                model(images)
            with torch.random.fork_rng(devices=[]):
                scores = forward_on_copies(model, images)
    except Exception as error:
        raise ShapeError(
            f"{name} cannot take images {spell(images)}: {one_line(error)}",
            where=f"{_failing_layer(model, images)}{place}",
            why=f"images are {size[1]}x{size[2]} with {size[0]} channels",
            more="docs/models.md",
        ) from error
    _check_scores(name, scores, images, classes, place)


def _check_scores(name: str, scores: object, images: Tensor, classes: int, place: str) -> None:
    why = fix = ""
    if not isinstance(scores, Tensor):
        got = type(scores).__name__
        fix = "return one tensor of scores from forward"
    elif tuple(scores.shape) != (_SAMPLES, classes):
        got = spell(scores)
        if scores.ndim == 2 and scores.shape[0] == _SAMPLES:
            why = f"the last layer gives {scores.shape[1]} scores, there are {classes} classes"
            fix = "let the last layer give as many scores as the function's argument `classes`"
    elif not scores.is_floating_point():
        got = spell(scores)
        why = "these are whole numbers, and a loss needs scores that can change a little"
    else:
        return
    raise ShapeError(
        f"{name} expects to give f32[{_SAMPLES},{classes}] for images {spell(images)}, got {got}",
        where=place,
        why=why,
        fix=fix,
        more="docs/models.md",
    )


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Mode eval inside, and afterwards for each module the mode it had: some may stay frozen."""
    before = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in before.items():
            module.training = training


def forward_on_copies(model: nn.Module, images: Tensor) -> Any:
    """The model's answer, with copies in place of its buffers, so that it can change only those."""
    copies = {name: buffer.clone() for name, buffer in model.named_buffers()}
    return functional_call(model, copies, (images,))


def _failing_layer(model: nn.Module, images: Tensor) -> str:
    """The innermost layer inside which a forward fails: "layer 3 (Linear) of ", or ""."""
    inside: list[str] = []
    hooks = []
    for name, module in model.named_modules():
        title = f"layer {name} ({type(module).__name__}) of " if name else ""

        def enter(_module: nn.Module, _args: object, title: str = title) -> None:
            inside.append(title)

        def leave(_module: nn.Module, _args: object, _output: object) -> None:
            inside.pop()

        hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        with torch.no_grad(), eval_mode(model), torch.random.fork_rng(devices=[]):
            forward_on_copies(model, images)
    except Exception:  # noqa: BLE001  # it failed before, and fails again here to show where
        return inside[-1] if inside else ""
    else:
        return ""
    finally:
        for hook in hooks:
            hook.remove()


def one_line(error: BaseException) -> str:
    r"""An exception as one line: torch's messages can have twenty.

    >>> one_line(ValueError("no\nreally"))
    'ValueError: no'
    """
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
