"""The training loop. If you have read PyTorch's quickstart, you can read this.

    for each batch:
        forward    logits = model(images)                  scores for each class
        loss       loss = loss_function(logits, labels)    how wrong they are, one number
        backward   loss.backward()                         adds d loss / d parameter to .grad
        step       optimizer.step()                        moves each parameter against its .grad
        clear      optimizer.zero_grad()                   so that the next backward starts afresh

There is nothing else in it: no callbacks, no wrapper objects, no `.item()` (on a GPU that waits
until all work queued so far is done). What a run needs besides (progress, checkpoints, stopping,
averaging) is done by the caller between two steps, because this is a generator.

Axes in this file: N samples in the batch, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:  # shapes are checked at run time in tests only
    from jaxtyping import Float, Int


def train(
    model: nn.Module,
    batches: Iterable[tuple[Float[Tensor, "N C H W"], Int[Tensor, " N"]]],
    loss_function: Callable[[Float[Tensor, "N K"], Int[Tensor, " N"]], Float[Tensor, ""]],
    optimizer: torch.optim.Optimizer,
    learning_rates: Iterable[float],
    precision: AbstractContextManager[object],
    device: torch.device,
) -> Iterator[Float[Tensor, ""]]:
    """Train on each batch once, and hand out each step's loss.

    Args:
        model: f32[N,C,H,W] -> f32[N,K], raw scores of any range.
        batches: images in 0 to 1, labels 0 to K-1.
        loss_function: one number in nats; log(K) is guessing.
        optimizer: owns the model's parameters.
        learning_rates: one for each step.
        precision: torch.autocast, or a context that does nothing.
        device: where the model is.
    Yields:
        The loss before each step, detached. It is not read here: reading it is the caller's cost.
    Changes:
        The model's parameters and BatchNorm statistics, `.grad`, the optimizer's state; mode to
        train.
    """
    model.train()
    for (images, labels), learning_rate in zip(batches, learning_rates, strict=False):
        images, labels = images.to(device), labels.to(device)  # noqa: PLW2901 - as in the quickstart
        for group in optimizer.param_groups:
            group["lr"] = learning_rate

        with precision:
            logits = model(images)
            loss = loss_function(logits, labels)

        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield loss.detach()


@torch.no_grad()
def evaluate(
    model: nn.Module,
    batches: Iterable[tuple[Float[Tensor, "N C H W"], Int[Tensor, " N"]]],
    precision: AbstractContextManager[object],
    device: torch.device,
) -> Float[Tensor, "N K"]:
    """The model's scores for every sample, in the order of the batches.

    Returns:
        f32[N,K] on the CPU: accuracy, loss, confusion and calibration all follow from it.
    Changes:
        Mode to eval: Dropout lets everything pass, BatchNorm uses its running statistics.
    """
    model.eval()
    logits = []
    for images, _ in batches:
        with precision:
            logits.append(model(images.to(device)).float().cpu())
    return torch.cat(logits)
