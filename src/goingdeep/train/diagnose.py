"""Where a NaN came from: the run goes back to its last checkpoint and walks to the step again.

When the loss is found to be NaN the weights are ruined already, and the layer that began it cannot
be told any more. But a run is exact: from the last checkpoint, which is good, the same steps lead
to the same place, and this time the last one is looked at layer by layer.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from goingdeep.errors import NonFiniteError
from goingdeep.train import checkpoint

if TYPE_CHECKING:
    from goingdeep.train.course import Course

UPDATE = "every gradient was finite; the optimizer's update was not"
UNREPEATED = "no layer did it when the step was repeated"
USUAL = 0.1
"""A learning rate that trains most networks; nobody is helped by being sent from 1e6 to 1e5."""

GROWN = 1e4
"""A weight this large in a network that began near 1 has run away; used only to word the reason."""


def non_finite(
    course: Course, folder: Path, step: int, loss: float, *, weight: str = ""
) -> NonFiniteError:
    """The error for step `step` (counted from 1), whose loss was `loss`.

    Changes: the live model, which is of no use any more; nothing in the run folder.
    """
    epoch, batch = divmod(step - 1, course.epoch_steps)
    plan = course.plan(epoch)
    size = course.settings.batch_size
    samples = plan.order[batch * size : (batch + 1) * size]
    found, largest = _walk_to(course, folder, step)
    lr = course.settings.optimizer.lr
    name = checkpoint.newest(folder)
    kept = f"checkpoint {name} is good" if name else "no checkpoint had been written yet"
    what = f"the loss became {loss}" if not weight else f"weight {weight} stopped being finite"
    first = ", ".join(str(i) for i in samples[:4].tolist())
    found = found or (UPDATE if weight else UNREPEATED)
    return NonFiniteError(
        f"{what} at step {step} (epoch {epoch + 1}, batch {batch + 1})",
        where=f"{found}; samples {first}, ... of train; {kept}",
        why=f"weights had grown to {largest:.1e}: the learning rate {lr:g} is too high"
        if largest > GROWN or not math.isfinite(largest)
        else "",
        fix=f"--set optimizer.lr={min(lr / 10, USUAL):g}",
        more="docs/recipes.md",
    )


def _walk_to(course: Course, folder: Path, step: int) -> tuple[str, float]:
    """Repeat the run up to the step: what went wrong in it first, and the largest weight."""
    course.go_to_newest(folder)
    state = course.parts.state
    at, epoch, begin = state.step, state.epoch, state.step_in_epoch
    while at < step - 1:
        batches = course.batches(epoch, begin)
        for _ in itertools.islice(course.losses(batches, at), step - 1 - at):
            at, begin = at + 1, begin + 1
        if begin == course.epoch_steps:
            epoch, begin = epoch + 1, 0
    largest = max(
        (float(p.detach().abs().max()) for p in course.parts.model.parameters()), default=0.0
    )
    images, labels = next(iter(course.batches(epoch, begin)))
    return _first_bad(course, images, labels), largest


def _first_bad(course: Course, images: Tensor, labels: Tensor) -> str:
    """The first module's output, or else parameter's gradient, that is not finite; "" if none."""
    if not bool(images.isfinite().all()):
        return "the images themselves are not finite"
    model = course.parts.model
    found: list[str] = []

    def look(layer: str, module: nn.Module, output: object) -> None:
        if isinstance(output, Tensor) and not bool(output.isfinite().all()) and not found:
            found.append(f"layer {layer} ({type(module).__name__}) gave the first value not finite")

    hooks = [
        module.register_forward_hook(lambda m, _, out, layer=layer: look(layer, m, out))
        for layer, module in model.named_modules()
        if not any(module.children())
    ]
    try:
        model.train()
        device = course.arithmetic.device
        with course.arithmetic.precision():
            logits = model(images.to(device))
            loss = course.loss_function(logits, labels.to(device))
        loss.backward()
    finally:
        for hook in hooks:
            hook.remove()
    if found:
        return found[0]
    if not bool(logits.isfinite().all()):
        return "the model's own forward, between its layers, gave the first value not finite"
    if not math.isfinite(loss.item()):
        return "the loss itself: every score was finite, their cross-entropy was not"
    # Backward runs from the last layer to the first, so the last bad gradient came first.
    bad = [
        name
        for name, p in model.named_parameters()
        if p.grad is not None and not bool(torch.isfinite(p.grad).all())
    ]
    return f"the gradient of {bad[-1]} was the first not finite" if bad else ""
