"""What flatten measures. Axes: N samples, C channels, H height, W width."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from goingdeep.record.answer import Failure
from goingdeep.show.numbers import spell
from goingdeep.watch.moments.variant import Variant
from goingdeep.why.damage import Trial
from goingdeep.why.failing import attempt
from goingdeep.why.images import images_of
from goingdeep.why.lab import Lab
from goingdeep.why.layers import calls, replacing
from goingdeep.why.lesson import NoLabError
from goingdeep.why.scores import Score, held, score_of
from goingdeep.why.trained import Pace, pace, train

SEED = 0
"""Of the order into which pixels are shuffled."""


@dataclass(frozen=True)
class Pixel:
    """One pixel c,i,j of the first sample: its column by hand, and what is found in that column."""

    at: tuple[int, int, int]
    by_hand: int
    value: float
    flat: float


@dataclass(frozen=True)
class View:
    """The batch counted anew.

    of_several: rows that hold numbers of more than one sample; parts: rows that hold less than one.
    """

    written: str
    shape: tuple[int, ...]
    of_several: int
    parts: int


@dataclass(frozen=True)
class Found:
    """What was measured.

    layer: the model's own Flatten, "" where it has none (then the batch itself is flattened).
    before, after: shapes. pixels: where some of them land. shares: whether before and after are the
    same memory; permuted: whether they are after a permute. back: whether unflatten gives the same
    tensor again. linear: what a Linear for the last axis makes of 4-d input.
    wrong_size, without, all: errors of a Linear that does not fit, of the model without its Flatten,
    and with flatten(0); trial: the moment trained without it, where that raises nothing.
    views: other ways to write it; rows: what the loss says to another number of rows.
    mixed: the moment trained with samples mixed; depends: share of one output's gradient that lies in
    other samples' images, mixed and as it is.
    shuffled: trained with all pixels in another order, the same for every image.
    """

    layer: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    pixels: list[Pixel]
    shares: bool
    permuted: bool
    back: bool
    linear: str
    wrong_size: Failure | None
    without: Failure | None
    trial: Trial | None
    all: Failure | None
    recorded: list[float]
    pace: Pace
    views: list[View]
    rows: Failure | None
    mixed: Trial
    depends: tuple[float, float]
    shuffled: Trial
    scores: tuple[Score, Score]
    judged_by: str


class Mixing(nn.Module):
    """A flatten gone wrong: the samples' axis goes last, and view counts everything anew."""

    def forward(self, x: Tensor) -> Tensor:
        """f[N,...] -> f[N,D], each row with numbers of many samples."""
        return x.movedim(0, -1).reshape(x.shape[0], -1)


def measure(lab: Lab) -> Found:
    """The flatten of this model, left out, of all axes, mixing samples, of shuffled pixels."""
    images = images_of(lab, "Flatten")
    model = lab.model()
    own = [call for call in calls(lab, model) if isinstance(call.layer, nn.Flatten)]
    x = own[0].given if own else images
    if x.dim() < 3:
        raise NoLabError("its Flatten is given what is flat already")
    flat = x.flatten(1)
    columns = flat.shape[1]
    at = pace(lab)
    batches, judged_by = held(lab)
    order = _order(images)
    # The same order for what is judged: an MLP only has to see each pixel at its own place.
    judged = [(_shuffled(images, order), labels) for images, labels in batches]
    shuffled = train(lab, "pixels shuffled", factor=at.factor, inputs=lambda x: _shuffled(x, order))
    without = trial = None
    if own:
        without = attempt(
            "the model without its Flatten",
            lambda: lab.outputs(_without(lab.model()), images),
            f"A Linear multiplies the last axis. It is made for {columns}, and finds {x.shape[-1]}.",
        )
        if without is None:
            trial = lab.trial(Variant("without Flatten", module=_without), share=0.2)
    return Found(
        layer=own[0].name if own else "",
        before=tuple(x.shape),
        after=tuple(flat.shape),
        pixels=_pixels(x, flat),
        shares=flat.data_ptr() == x.data_ptr(),
        permuted=_permuted(x),
        back=bool(torch.equal(flat.unflatten(1, x.shape[1:]), x)),
        linear=_linear(x),
        wrong_size=attempt(
            f"Linear({columns}, 10) on {spell(str(x.dtype), tuple(x.shape))}",
            lambda: nn.Linear(columns, 10, device=x.device)(x.float()),
            f"A Linear multiplies the last axis. It is made for {columns}, and finds {x.shape[-1]}.",
        ),
        without=without,
        trial=trial,
        all=attempt(
            f"flatten(0) gives {spell(str(x.dtype), (x.numel(),))}, one long row",
            lambda: nn.Linear(columns, 10, device=x.device)(x.float().flatten(0)),
            "With the samples' axis joined too there is nothing left that says where one ends.",
        ),
        recorded=lab.recorded,
        pace=at,
        views=_views(x),
        rows=_rows(lab),
        mixed=_mixed(lab, at, own=bool(own)),
        depends=(_depends(lab, mixed=True), _depends(lab, mixed=False)),
        shuffled=shuffled.trial,
        scores=(score_of(lab, at.base.model, batches), score_of(lab, shuffled.model, judged)),
        judged_by=judged_by,
    )


def _views(x: Tensor) -> list[View]:
    """Whose numbers are in a row: of the right length, of half of it, of twice, and permuted."""
    n, columns = len(x), x[0].numel()
    whose = torch.arange(n).repeat_interleave(columns).reshape(x.shape)
    ways = [
        (f"view({n}, -1)", whose.reshape(n, -1)),
        (f"movedim(0, -1).reshape({n}, -1)", whose.movedim(0, -1).reshape(n, -1)),
    ]
    if n % 2 == 0:
        ways.insert(1, (f"view(-1, {2 * columns})", whose.reshape(-1, 2 * columns)))
    if columns % 2 == 0:
        ways.insert(1, (f"view(-1, {columns // 2})", whose.reshape(-1, columns // 2)))
    return [
        View(
            written,
            tuple(rows.shape),
            int((rows != rows[:, :1]).any(1).sum()),
            len(rows) if rows.shape[1] < columns else 0,
        )
        for written, rows in ways
    ]


def _rows(lab: Lab) -> Failure | None:
    """The loss given the scores of twice as many rows, as `view(-1, half)` would make them."""
    scores, labels = lab.scores, lab.batches[0][1]
    return attempt(
        f"after view(-1, half of the columns): scores for {2 * len(scores)} rows, "
        f"{len(labels)} targets",
        lambda: lab.loss(scores.repeat_interleave(2, 0), labels),
        "-1 is whatever is left over. N is no longer the first axis, and the loss counts.",
    )


def _pixels(x: Tensor, flat: Tensor) -> list[Pixel]:
    """The first, one in the middle, the brightest and the last pixel of the first sample."""
    sample = x[0].reshape(-1, *x.shape[-2:]) if x.dim() > 2 else x[0]
    c, h, w = sample.shape
    brightest = int(sample.reshape(-1).argmax())
    found = []
    for at in (
        (0, 0, 0),
        (0, 0, 1 % w),
        (0, 1 % h, 0),
        _place(brightest, h, w),
        (c - 1, h - 1, w - 1),
    ):
        column = at[0] * h * w + at[1] * w + at[2]
        found.append(Pixel(at, column, float(sample[at]), float(flat[0, column])))
    return found


def _place(column: int, h: int, w: int) -> tuple[int, int, int]:
    return column // (h * w), column // w % h, column % w


def _permuted(x: Tensor) -> bool:
    """Whether flatten shares memory where the axes are in another order than in memory."""
    other = x.transpose(-1, -2)
    return other.flatten(1).data_ptr() == x.data_ptr()


def _linear(x: Tensor) -> str:
    layer = nn.Linear(x.shape[-1], 10, device=x.device)
    gave = spell("float32", tuple(layer(x.float()).shape))
    return f"Linear({x.shape[-1]}, 10) on {spell(str(x.dtype), tuple(x.shape))} gives {gave}"


def _without(model: nn.Module) -> nn.Module:
    return replacing((nn.Flatten,), nn.Identity)(model)


def _mixing(model: nn.Module) -> nn.Module:
    return replacing((nn.Flatten,), Mixing)(model)


def _mixed(lab: Lab, at: Pace, *, own: bool) -> Trial:
    if own:
        return train(lab, "samples mixed", factor=at.factor, module=_mixing).trial
    return train(lab, "samples mixed", factor=at.factor, inputs=_mix).trial


def _mix(x: Tensor) -> Tensor:
    return x.movedim(0, -1).reshape(x.shape)


def _depends(lab: Lab, *, mixed: bool) -> float:
    """The share of the gradient of one sample's output that lies in the images of others."""
    model = lab.model().eval()  # BatchNorm mixes samples in training mode; that is another matter
    images = lab.batches[0][0].detach().clone().requires_grad_()
    if mixed and any(isinstance(layer, nn.Flatten) for layer in model.modules()):
        outputs = lab.outputs(_mixing(model), _leaf(images), exact=True)
    else:
        outputs = lab.outputs(model, _mix(images) if mixed else _leaf(images), exact=True)
    row = outputs[len(outputs) // 2].square().sum()
    (gradient,) = torch.autograd.grad(row, images)
    sizes = gradient.abs().flatten(1).sum(1)
    return float(1 - sizes[len(sizes) // 2] / sizes.sum().clamp_min(1e-30))


def _leaf(images: Tensor) -> Tensor:
    return images * 1


def _order(images: Tensor) -> Tensor:
    draw = torch.Generator().manual_seed(SEED)
    return torch.randperm(images[0].numel(), generator=draw).to(images.device)


def _shuffled(x: Tensor, order: Tensor) -> Tensor:
    return x.flatten(1)[:, order].reshape(x.shape)
