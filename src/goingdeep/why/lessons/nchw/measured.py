"""What nchw measures. Axes: N samples, C channels, H height, W width."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from goingdeep.record.answer import Failure, Picture
from goingdeep.show.numbers import spell
from goingdeep.watch.moments.variant import Variant
from goingdeep.why.damage import Trial
from goingdeep.why.failing import attempt
from goingdeep.why.images import images_of, picture
from goingdeep.why.lab import Lab

BATCH_NORM = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - what all of them are


@dataclass(frozen=True)
class Found:
    """What was measured.

    shape, strides: of the first batch. length, batch_size: of the loader, from the record; 0 where
    it is not known.
    reads: layers that look at an axis, each with what it says of it.
    error: what PyTorch says of the batch as N,H,W,C; None where it says nothing, and then trial is
        the moment trained that way, and same whether the model sees the same numbers in the same order.
    silent: shape that a layer made for H channels gives from N,H,W,C without a word.
    misplaced: share of the numbers of three images stacked as colours that `view` puts into another
        place than `permute`; views: what both look like.
    alone: largest difference between the model's output for a sample in its batch and in half of it,
        in training mode without Dropout; norm: the same for a BatchNorm2d on this batch.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    length: int
    batch_size: int
    batch: Picture
    reads: list[tuple[str, str]]
    recorded: list[float]
    error: Failure | None
    trial: Trial | None
    same: bool
    silent: str
    misplaced: float
    views: Picture
    alone: float
    norm: float


def measure(lab: Lab) -> Found:
    """The batch's axes, and the batch with its axes in another order."""
    x = images_of(lab, "N, C, H, W")
    error = attempt(
        f"the same batch as N,H,W,C: {_spell(x.permute(0, 2, 3, 1))}",
        lambda: lab.outputs(lab.model(), x.permute(0, 2, 3, 1).contiguous()),
        "The layer counts axis 1 as channels, and finds rows of pixels there.",
    )
    trial = None
    if error is None:
        trial = lab.trial(
            Variant("as N,H,W,C", inputs=lambda x: x.permute(0, 2, 3, 1).contiguous())
        )
    length, batch_size = _loader(lab, len(x))
    wrong, right = _colours(x)
    return Found(
        shape=tuple(x.shape),
        strides=tuple(x.stride()),
        length=length,
        batch_size=batch_size,
        batch=picture(
            f"the first images of {_spell(x)}",
            x,
            tuple(f"N={i}" for i in range(min(4, len(x)))),
            note="one of these is C,H,W: rows H from top to bottom, columns W from left to right",
        ),
        reads=_reads(lab.model()),
        recorded=lab.recorded,
        error=error,
        trial=trial,
        same=bool(torch.equal(x.flatten(), x.permute(0, 2, 3, 1).flatten())),
        silent=_silent(x),
        misplaced=float((wrong != right).float().mean()),
        views=picture(
            "an image H,W,C brought to C,H,W: by permute, and by view",
            torch.cat((right[None], wrong[None])),
            ("permute(2, 0, 1)", "view(C, H, W)"),
        ),
        alone=_alone(lab, x),
        norm=_batch_norm(x),
    )


def _spell(x: Tensor) -> str:
    return spell(str(x.dtype), tuple(x.shape))


def _loader(lab: Lab, count: int) -> tuple[int, int]:
    """Batches in one walk, and samples in each, of the loader whose batches have this many."""
    for loader in lab.experiment.seen.loaders.values():
        if loader.length and loader.batch_size in {count, None}:
            return loader.length, loader.batch_size or 0
    return 0, 0


def _reads(model: nn.Module) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, layer in model.named_modules():
        said = ""
        if isinstance(layer, nn.Conv2d):
            size = " x ".join(map(str, layer.kernel_size))
            said = f"axis 1 as {layer.in_channels} channels; slides {size} over H and W"
        elif isinstance(layer, nn.BatchNorm2d):
            said = f"axis 1 as {layer.num_features} channels; one mean for each, over N, H and W"
        elif isinstance(layer, nn.MaxPool2d | nn.AvgPool2d | nn.AdaptiveAvgPool2d):
            said = "the last two axes as H and W"
        elif isinstance(layer, nn.Flatten):
            said = f"leaves the axes before {layer.start_dim}, joins the rest"
        elif isinstance(layer, nn.Linear):
            said = f"the last axis as {layer.in_features} features"
        if said:
            found.append((f"{name or 'the model'} {type(layer).__name__}", said))
    return found[:12]


def _silent(x: Tensor) -> str:
    """A convolution for as many channels as there are rows takes N,H,W,C without a word."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        layer = nn.Conv2d(x.shape[2], 8, 1, device=x.device)
        moved = x.permute(0, 2, 3, 1).float()
        return (
            f"Conv2d({x.shape[2]}, 8, 1) takes {_spell(moved)} and gives {_spell(layer(moved))}: it "
            "took the rows for channels."
        )


def _colours(x: Tensor) -> tuple[Tensor, Tensor]:
    """An image f[H,W,3] as C,H,W by view and by permute; three images of the batch as colours."""
    planes = x[torch.arange(3) % len(x), 0]
    colours = planes.permute(1, 2, 0).contiguous()
    h, w, c = colours.shape
    return colours.view(c, h, w), colours.permute(2, 0, 1)


def _alone(lab: Lab, x: Tensor) -> float:
    """How much the outputs of half a batch depend on the other half. Dropout is off: it is chance."""
    model = lab.model()
    for layer in model.modules():
        if isinstance(layer, nn.modules.dropout._DropoutNd):  # noqa: SLF001
            layer.eval()
    half = max(1, len(x) // 2)
    with torch.no_grad():
        whole = lab.outputs(model, x, exact=True)[:half]
        part = lab.outputs(model, x[:half], exact=True)
    return float((whole - part).abs().max() / whole.abs().max().clamp_min(1e-12))


def _batch_norm(x: Tensor) -> float:
    layer = nn.BatchNorm2d(x.shape[1], device=x.device)
    half = max(1, len(x) // 2)
    with torch.no_grad():
        return float((layer(x.float())[:half] - layer(x[:half].float())).abs().max())
