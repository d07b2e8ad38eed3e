"""The close look at one step: what each operation read and made, with numbers.

One event an operation, so that each can be drawn from its own line. `look` is the number of the
step that was looked at (from 1, over all optimizers) and groups them; `phase` tells a training step
from the first batch of an evaluation, which is looked at too. Statistics are of the whole tensor,
or of a strided sample of it where `sampled`. Names of parameters are those of the model's
`parameters`; numbers that will be worked by hand are exact.

`sentence` says the operation in words, and is what `gd show` prints and a page reads out.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from goingdeep.record.event import Blob, Event


class Values(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tensor in numbers.

    zeros: share of values that are exactly 0. non_finite: how many are NaN or infinite (low, high,
    mean and std are of the others). note: why there are no numbers ("meta", "sparse", "no values").
    sampled: how many values were looked at, where not all. tracked: whether autograd follows it
    (`requires_grad`); None where that was not asked.
    """

    shape: tuple[int, ...]
    dtype: str
    device: str = "cpu"
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    std: float | None = None
    zeros: float = 0.0
    non_finite: int = 0
    sampled: int = 0
    note: str = ""
    tracked: bool | None = None


class LookEvent(Event, frozen=True, kw_only=True):
    """What every part of a close look carries."""

    look: int
    phase: str = "training"
    site: int = -1
    sentence: str = ""


class LookBatch(LookEvent, frozen=True, tag="look-batch"):
    """A batch as the loader gave it. names: where in the batch each tensor was ("0", "1", "image").

    picture: u8[n,C,h,w] of the first samples, for the eye only: value = low + (high - low) * u8 / 255.
    labels: of the same samples, where the batch has integer labels.
    """

    loader: int = -1
    names: tuple[str, ...] = ()
    tensors: tuple[Values, ...] = ()
    picture: Blob | None = None
    low: float = 0.0
    high: float = 1.0
    labels: tuple[int, ...] = ()


class Term(msgspec.Struct, frozen=True):
    """One product of a sum: the input at an index times the weight at an index, both exact."""

    input_at: tuple[int, ...]
    weight_at: tuple[int, ...]
    input: float | str
    weight: float | str


class Worked(msgspec.Struct, frozen=True, omit_defaults=True):
    """One number of a layer's output with all it was made of, exact, so that it can be worked by hand.

    at: its index in the output. terms: all of them up to 64, else the 8 with the largest products;
    others: how many are left out; rest: their sum. bias: None where the layer has none.
    """

    at: tuple[int, ...]
    value: float | str
    terms: tuple[Term, ...] = ()
    bias: float | str | None = None
    others: int = 0
    rest: float | str = 0.0


class Normed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a BatchNorm had to choose between, for its first channels, exact in float32.

    channels: how many there are. values: of the batch, for each channel. batch_mean, batch_var: of
    this batch, the variance over all `values`, as it divides by it. running_mean, running_var: as
    they were kept until the call, after_mean, after_var: and from then on; empty where none are kept.
    used: which of the two this call took.
    """

    channels: int
    values: int
    batch_mean: tuple[float | str, ...]
    batch_var: tuple[float | str, ...]
    running_mean: tuple[float | str, ...] = ()
    running_var: tuple[float | str, ...] = ()
    after_mean: tuple[float | str, ...] = ()
    after_var: tuple[float | str, ...] = ()
    used: Literal["batch", "running"] = "batch"


class LookCall(LookEvent, frozen=True, tag="look-call"):
    """One call of a module. index: order within the forward; depth: 0 is the model itself.

    histogram: counts of the first output's finite values in 40 bins of equal width between its low
    and high; of a large output, of values evenly spread over it. maps: u1[k,h,w] of the first output
    for the first sample, at most 8 channels of at most 32x32, a vector as u1[1,1,n]; for the eye
    only: value = low + (high - low) * u1 / 255. worked: one number of the first output, for Linear
    and Conv2d. normed: of a BatchNorm. mask: of a Dropout, a letter for each of at most 256 values of
    the first sample: "1" passed, "0" was put out, "." had been 0 before.
    """

    index: int
    depth: int
    model: int
    module: str
    class_name: str
    training: bool = True
    inputs: tuple[Values, ...] = ()
    outputs: tuple[Values, ...] = ()
    parameters: int = 0
    facts: dict[str, str | int | float | bool | None] = {}
    histogram: tuple[int, ...] = ()
    maps: Blob | None = None
    maps_low: float = 0.0
    maps_high: float = 1.0
    worked: Worked | None = None
    normed: Normed | None = None
    mask: str = ""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sample of a loss: exact scores, its label or `targets`, and its own loss.

    classes: which columns `scores` are, where not all; rest: logsumexp of the columns left out.
    targets: where each output has its own (binary cross-entropy, squared error); loss is the mean
    over the outputs then, rest the sum of the losses left out. "nan", "inf" and "-inf" are text.
    """

    sample: int
    scores: tuple[float | str, ...]
    label: int | None = None
    classes: tuple[int, ...] = ()
    rest: float | str | None = None
    loss: float | str | None = None
    targets: tuple[float | str, ...] = ()


class LookLoss(LookEvent, frozen=True, tag="look-loss"):
    """One call of a loss function. loss: its number. value: "nan" and "inf" are written as text.

    losses: f4[N], the loss of each sample as `rows` have it, where N is at most 1,024.
    """

    loss: int
    function: str
    input: Values | None = None
    target: Values | None = None
    value: float | str | None = None
    rows: tuple[Row, ...] = ()
    losses: Blob | None = None


class Gradient(msgspec.Struct, frozen=True, omit_defaults=True):
    """One parameter after backward. state: "none", "zero" or "value"; norm: L2.

    sampled: how many values were looked at, where not all; the norm is then scaled up from them.
    histogram: counts of up to 2,048 values, evenly spread over it, in 40 bins of equal width from
    -largest to largest, without those that are 0; of 32 gradients of a look at most, the first and
    the last. A tensor that is no parameter of a model that ran has model -1, a name like "tensor 0".
    """

    model: int
    name: str
    state: str = "value"
    norm: float | str = 0.0
    largest: float | str = 0.0
    zeros: float = 0.0
    non_finite: int = 0
    sampled: int = 0
    histogram: tuple[int, ...] = ()


class FirstLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """The gradient at one sample's scores, exact. classes: which columns, where not all."""

    sample: int
    values: tuple[float | str, ...]
    classes: tuple[int, ...] = ()


class LookBackward(LookEvent, frozen=True, tag="look-backward"):
    """One backward. came_from: nodes from its root down, at most 8; nodes: how many the graph had.

    before: the state of each trainable parameter's gradient before it, counted: {"none": 6}.
    unreached: trainable parameters of the models in use that the graph does not lead to.
    left_out: gradients beyond the bound. first: gradients at the scores of the loss, for the samples
    that its rows are of.
    """

    value: float | str | None = None
    came_from: tuple[str, ...] = ()
    nodes: int = 0
    before: dict[str, int] = {}
    gradients: tuple[Gradient, ...] = ()
    unreached: tuple[str, ...] = ()
    left_out: int = 0
    first: tuple[FirstLink, ...] = ()


class Update(msgspec.Struct, frozen=True, omit_defaults=True):
    """One parameter over a step: L2 norms of the weight before it and of its change.

    changed: whether any bit of it did. idle: it did not, and the step had no gradient for it, or one
    of zeros (a loop may take away what backward gave). ratio: change by weight, "inf" where the
    weight was 0.
    sampled: how many values were looked at, where not all; the norms are then scaled up from them.
    """

    model: int
    name: str
    weight: float | str = 0.0
    change: float | str = 0.0
    ratio: float | str = 0.0
    changed: bool = True
    sampled: int = 0
    idle: bool = False


class Weight(msgspec.Struct, frozen=True, omit_defaults=True):
    """One single weight over a step, exact, so that it can be worked by hand.

    at: its index. gradient: as the step used it. state: the optimizer's own numbers for it before
    and after ("exp_avg"). group: which parameter group it is in; settings: what differs there from
    the step's own, which are those of group 0.
    """

    model: int
    name: str
    at: tuple[int, ...]
    before: float | str
    gradient: float | str | None
    after: float | str
    state_before: dict[str, float | str] = {}
    state_after: dict[str, float | str] = {}
    group: int = 0
    settings: dict[str, str | int | float | bool | None] = {}


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of one matrix over a step, exact: f4[h,w] blobs of at most 32x32.

    row, column: where it begins; a parameter of other than two axes is seen as (first axis, rest).
    state_before, state_after: the optimizer's own tensors of the same shape ("exp_avg").
    """

    model: int
    name: str
    before: Blob
    after: Blob
    gradient: Blob | None = None
    row: int = 0
    column: int = 0
    state_before: dict[str, Blob] = {}
    state_after: dict[str, Blob] = {}


class LookStep(LookEvent, frozen=True, tag="look-step"):
    """One optimizer step. settings: of the first group (lr, momentum, ...) as they were for it.

    checksum: hash of a sample of all parameters afterwards; equal on replicas that agree.
    strangers: tensors of the optimizer that are no parameters of a model that was called;
    strangers_idle: how many of them had no gradient.
    """

    optimizer: int
    class_name: str = ""
    settings: dict[str, str | int | float | bool | None] = {}
    updates: tuple[Update, ...] = ()
    weights: tuple[Weight, ...] = ()
    checksum: str = ""
    strangers: int = 0
    strangers_idle: int = 0
    left_out: int = 0
    windows: tuple[Window, ...] = ()


class LookClear(LookEvent, frozen=True, tag="look-clear"):
    """Gradients after they were cleared: how many of each state. by: "optimizer", "module"."""

    by: str
    number: int = -1
    before: dict[str, int] = {}
    after: dict[str, int] = {}


LOOK = LookBatch | LookCall | LookLoss | LookBackward | LookStep | LookClear
