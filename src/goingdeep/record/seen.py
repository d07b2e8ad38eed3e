"""What a watcher saw of a training loop, as events.

    site        one place in the user's source, written once, referred to by number
    source      the text of a file of the user's, as it was when it ran
    model, optimizer, scheduler, loader, loss-function     who takes part, each with its number
    anatomy     the order of operations from one optimizer step to the next, written once
    steps       a stretch of consecutive steps of one optimizer, all with the same anatomy
    pass        one walk over a loader: what was read, in which modes, and what it was used for
    call-mode, module-made, module-hidden, state-kept, state-loaded, worker, probed, exchange,
    accelerators     rarer facts
    look-*      the close look at one step (look.py)

Steps are counted from 1: the first `optimizer.step()` of the process is step 1. `Event.step` is the
number of steps, of all optimizers, that were done when the event was written.

Numbers of models, optimizers, loaders and so on count from 0 in the order of first sight; a second
event with the same number replaces the first (a layer was added, a group was changed). `site` is
the number of a `site` event, -1 where no line of the user's is known.
"""

from __future__ import annotations

import msgspec

from goingdeep.record.event import Blob, Event

Fact = str | int | float | bool | None


class Site(Event, frozen=True, tag="site"):
    """One place in the user's source.

    file: as Python knows it. source: the line's text, stripped. via_*: the framework's own line
    through which the call went, where there is one.
    """

    id: int
    file: str
    line: int
    function: str = ""
    source: str = ""
    via_file: str = ""
    via_line: int = 0
    via_function: str = ""


class SourceText(Event, frozen=True, tag="source"):
    """The text of a file of the user's on the way of a call, as it was when it ran.

    file: as the `file` of a site says it. text: u1[n], UTF-8.
    """

    file: str
    text: Blob


# Who takes part ---------------------------------------------------------------------------------


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """One module of a model.

    name: as `named_modules` gives it, "" for the model itself. parameters: numbers in its own
    parameters, not those of its children. sensitive: "dropout" or "batch-norm" where training and
    evaluation differ, "" elsewhere. facts: what decides how (p, momentum, track_running_stats).
    """

    name: str
    class_name: str
    parameters: int = 0
    sensitive: str = ""
    facts: dict[str, Fact] = {}


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """One parameter of a model. tied_to: the name of an earlier one with the same storage.

    model, index: where the same tensor stands in another model, under which optimizers tell of it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    device: str = "cpu"
    trainable: bool = True
    tied_to: str = ""
    model: int = -1
    index: int = -1


class Model(Event, frozen=True, tag="model"):
    """A module that was called from outside any other module.

    left_out: how many modules and parameters did not fit.
    """

    id: int
    class_name: str
    site: int = -1
    parts: tuple[Part, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    left_out: int = 0


class Group(msgspec.Struct, frozen=True, omit_defaults=True):
    """One parameter group. owns: {number of a model: indices into its `parameters`}.

    unknown: how many of its tensors belong to no model that was called. settings: lr, momentum, ...
    """

    settings: dict[str, Fact] = {}
    owns: dict[int, tuple[int, ...]] = {}
    unknown: int = 0


class Optimizer(Event, frozen=True, tag="optimizer"):
    """An optimizer. site: where it was made. by_hand: there is none, the loop changes the weights.

    unknown_shapes: of tensors that belong to no model, at most 16.
    """

    id: int
    class_name: str
    site: int = -1
    groups: tuple[Group, ...] = ()
    by_hand: bool = False
    unknown_shapes: tuple[tuple[int, ...], ...] = ()


class Scheduler(Event, frozen=True, tag="scheduler"):
    """A learning rate scheduler. settings: T_max, total_steps, milestones, gamma, ..."""

    id: int
    class_name: str
    optimizer: int = -1
    site: int = -1
    settings: dict[str, Fact] = {}


class Dataset(msgspec.Struct, frozen=True, omit_defaults=True):
    """A dataset as far as it can be known without reading from it.

    id: the same for the same object; root: that of the dataset below every Subset. length: None
    where it has none. train: its own `train` flag. indices: hash of a Subset's indices, chosen how
    many; shared: {id of another dataset with the same root: how many indices both hold}.
    transforms: class names in order; random: those of them that draw random numbers.
    """

    id: int
    class_name: str
    root: int
    length: int | None = None
    iterable: bool = False
    train: bool | None = None
    indices: str = ""
    shared: dict[int, int] = {}
    transforms: tuple[str, ...] = ()
    random: tuple[str, ...] = ()


class Loader(Event, frozen=True, tag="loader"):
    """A DataLoader.

    site: where it was walked first; made: where it was made. shuffle: None where that is unknown.

    length: batches in one pass. drops: samples that drop_last leaves out of each pass.
    worker_seed: whether the user gave a `worker_init_fn`.
    """

    id: int
    class_name: str
    dataset: Dataset
    site: int = -1
    length: int | None = None
    batch_size: int | None = None
    sampler: str = ""
    shuffle: bool | None = None
    drop_last: bool = False
    drops: int = 0
    workers: int = 0
    persistent: bool = False
    worker_init: bool = False
    seeded_generator: bool = False
    made: int = -1


class LossFunction(Event, frozen=True, tag="loss-function"):
    """One way in which a loss function was called; another way at the same line has another number.

    function: PyTorch's name ("cross_entropy"). came_from: the autograd nodes that made the input,
    newest first ("SoftmaxBackward0"), at most 8; came_from_sites: the lines that made them, known of
    (log-)softmax and sigmoid, -1 elsewhere. softmax_dim: of a (log-)softmax among them, seen from
    the front. input, target: shapes at first sight, before broadcasting. low, high: range of
    the input then. rows_sum_to_one: whether each row of it does, to 1e-4. value: the first loss.
    target_low, target_high: range of the target. ignored: share of targets that ignore_index drops.
    trailing: share of targets that are `trailing_value` up to the end of their row, where that stands
    nowhere else.
    """

    id: int
    function: str
    site: int = -1
    module: str = ""
    reduction: str = ""
    input: tuple[int, ...] = ()
    target: tuple[int, ...] = ()
    input_dtype: str = ""
    target_dtype: str = ""
    broadcast: tuple[int, ...] = ()
    settings: dict[str, Fact] = {}
    came_from: tuple[str, ...] = ()
    came_from_sites: tuple[int, ...] = ()
    softmax_dim: int | None = None
    low: float | None = None
    high: float | None = None
    rows_sum_to_one: bool = False
    zeros: float = 0.0
    value: float | None = None
    target_low: float | None = None
    target_high: float | None = None
    ignored: float = 0.0
    trailing: float = 0.0
    trailing_value: int | None = None


# What happened ----------------------------------------------------------------------------------


class Op(msgspec.Struct, frozen=True, omit_defaults=True, tag_field=None):
    """One operation of a loop.

    op is one of
        batch      loader
        forward    model, training (the root's mode), grad (grad mode), inference, autocast,
                   sensitive ("training", "evaluation" or "mixed": what Dropout and BatchNorm did),
                   batch_of (the loader its input came from)
        loss       loss (number of the loss function)
        backward   grads (state of each optimizer's gradients before it, see below), leaf (the root
                   has no grad_fn), came_from (nodes from the root down to the loss), retain, create
        grad       the same by `torch.autograd.grad`: no `.grad` is touched
        clip       how ("norm" or "value"), limit, grads
        scale, unscale, step-scaled (skipped), update     of a GradScaler; enabled
        step       optimizer, grads, changed (true: the weights were written to), closure
        clear      by ("optimizer", "module" or "hand"), number, to ("none" or "zero")
        schedule   scheduler
        mode       model, module (where only a part of it was switched), training
        load, save model or optimizer, see state-loaded

    Gradient states: "none"; "zero"; "fresh" (a backward since the last step wrote it); "left-over"
    (used by an earlier step, and still there); "summed" (left-over, and a backward added to it);
    "unknown". With several optimizers they are written "0:none 1:fresh".
    """

    op: str
    site: int = -1
    facts: dict[str, Fact] = {}


class Block(msgspec.Struct, frozen=True, omit_defaults=True):
    """Operations in order; `times`: how often they repeat before the next block."""

    ops: tuple[Op, ...]
    times: int = 1


class Anatomy(Event, frozen=True, tag="anatomy"):
    """What happens from the end of one optimizer step to the end of the next one.

    Operations of an evaluation in between are not part of it: they belong to its `pass`.
    left_out: operations beyond the bound.
    """

    id: int
    optimizer: int
    blocks: tuple[Block, ...]
    left_out: int = 0


class Steps(Event, frozen=True, tag="steps"):
    """Steps `first` to `last` of all steps of the process were done by this optimizer, the same way.

    Where several optimizers take turns their stretches overlap: count says how many steps of this
    stretch are its own. Two stretches that follow each other may have the same anatomy: a long one
    is written about once a second.
    """

    optimizer: int
    anatomy: int
    first: int
    last: int
    count: int
    thread: str = ""


class Labels(msgspec.Struct, frozen=True, omit_defaults=True):
    """Class labels of a pass: integers in one dimension, the second part of a batch.

    batches: how many were looked at. distinct: mean number of different labels in a batch.
    expected: what a well-mixed batch of this size would have. counts: samples by label, where there
    are at most 1,000 labels.
    """

    batches: int
    distinct: float
    expected: float
    counts: dict[int, int] = {}


class Inputs(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first tensor of the batches of a pass, over at most 32 batches.

    shape: of the first batch. low, high, mean, std: over everything. channel_means, channel_stds:
    by the second axis of a 4-d batch, at most 16. whole: every value is an integer.
    last_axis: the channels seem to be the last axis; then channel_* are of it. feature_stds: the
    smallest (above 0) and the largest std of the columns of a 2-d batch. Of a large batch evenly
    spread values are looked at.
    """

    shape: tuple[int, ...]
    dtype: str
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    std: float = 0.0
    whole: bool = False
    channel_means: tuple[float, ...] = ()
    channel_stds: tuple[float, ...] = ()
    last_axis: bool = False
    feature_stds: tuple[float, float] = (0.0, 0.0)


class Pass(Event, frozen=True, tag="pass"):
    """One walk over a loader, written when it ends or is given up.

    id: counted over all loaders. number: of this loader, from 1. role: "training" (its batches were
    followed by backward and step), "evaluation" (forward, and no backward), "mixed", or "unused"
    (neither a forward nor a loss took its batches). complete: the loader was walked to its end.
    first_step, last_step: the first and last step done on its batches (0: none).
    forwards, backwards, steps: on its batches. training_mode: forwards with the root in training
    mode. sensitive_training: forwards in which a Dropout or BatchNorm ran as in training.
    with_grad: forwards with grad mode on; kept_graph: of these, outputs that had a graph.
    losses: calls of loss functions. loss: mean of their values where each is one number.
    order: hash of all samples in their order; indices: of the numbers that the sampler drew, in their
    order. head: hashes of the first 5 batches.
    samples, distinct: samples read; how many different contents. hashed: whether all were told
    apart (a bound was not met). overlap: {loader: how many samples were seen there too}; overlap is
    judged by content; constant: samples without content (all values equal).
    seed: base seed of the iterator.
    """

    id: int
    loader: int
    number: int
    site: int = -1
    role: str = "unused"
    complete: bool = False
    batches: int = 0
    samples: int = 0
    last_batch: int = 0
    first_step: int = 0
    last_step: int = 0
    forwards: int = 0
    backwards: int = 0
    steps: int = 0
    models: tuple[int, ...] = ()
    training_mode: int = 0
    sensitive_training: int = 0
    with_grad: int = 0
    kept_graph: int = 0
    losses: int = 0
    loss: float | None = None
    order: str = ""
    indices: str = ""
    head: tuple[str, ...] = ()
    distinct: int = 0
    hashed: bool = True
    constant: int = 0
    overlap: dict[int, int] = {}
    hashes: Blob | None = None
    labels: Labels | None = None
    inputs: Inputs | None = None
    predictions: dict[int, int] = {}
    logit_spread: float | None = None
    seed: int = 0
    ops: tuple[Op, ...] = ()


class CallMode(Event, frozen=True, tag="call-mode"):
    """A Dropout or BatchNorm, as module or function, was called in a way not seen before.

    training: what it was told. module_training: the mode of the module around it; root_training:
    that of the model. statistics: whether running statistics were written. trainable: whether a
    BatchNorm's own weights are. values: numbers per channel (BatchNorm). role as in Pass, "" when
    it was not yet known.
    """

    function: str
    site: int = -1
    model: int = -1
    module: str = ""
    class_name: str = ""
    training: bool = False
    module_training: bool | None = None
    root_training: bool | None = None
    grad: bool = True
    statistics: bool = False
    trainable: bool | None = None
    values: int = 0
    p: float | None = None


class ModuleMade(Event, frozen=True, tag="module-made"):
    """A module was built inside another's forward. count: in how many forwards so far."""

    class_name: str
    inside: str
    model: int = -1
    site: int = -1
    count: int = 1
    parameters: bool = False


class ModuleHidden(Event, frozen=True, tag="module-hidden"):
    """A module ran inside a model's forward and is none of its registered modules.

    Written after the first step. parameters: numbers in those of its parameters that belong to no
    model; trainable: whether any of these requires a gradient; owned: whether an optimizer has any.
    grad: whether grad mode was on.
    """

    class_name: str
    inside: str
    model: int = -1
    site: int = -1
    parameters: int = 0
    trainable: bool = False
    owned: bool = False
    grad: bool = True


class StateKept(Event, frozen=True, tag="state-kept"):
    """The result of `state_dict()` is alive after later steps and shares memory with the model.

    taken: the step at which it was taken. used: "" while it only exists, "loaded" or "saved" when
    it was loaded back or written. into: number of the model it was loaded into.
    """

    model: int
    site: int = -1
    taken: int = 0
    tensors: int = 0
    used: str = ""
    use_site: int = -1
    into: int = -1


class StateLoaded(Event, frozen=True, tag="state-loaded"):
    """`load_state_dict` of a module, an optimizer or a scheduler.

    what: "model", "optimizer", "scheduler" or "scaler". matched, missing, unexpected: numbers of
    keys; examples: at most 4 of each. held: other keys of the file it came from ("optimizer").
    """

    what: str
    number: int = -1
    class_name: str = ""
    site: int = -1
    strict: bool = True
    matched: int = 0
    missing: int = 0
    unexpected: int = 0
    missing_examples: tuple[str, ...] = ()
    unexpected_examples: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


class StateSaved(Event, frozen=True, tag="state-saved"):
    """Something was written with `torch.save`. keys: at most 16 of the saved mapping's own."""

    file: str
    site: int = -1
    keys: tuple[str, ...] = ()


class Worker(Event, frozen=True, tag="worker"):
    """A DataLoader's worker process at the start of a pass.

    torch, numpy, python: hashes of its generators' states after the user's `worker_init_fn`;
    numpy_used, python_used: whether the dataset drew from them while it read its first batch.
    """

    loader: int
    number: int
    worker: int
    torch: str = ""
    numpy: str = ""
    python: str = ""
    numpy_used: bool = False
    python_used: bool = False


class Kept(Event, frozen=True, tag="graph-kept"):
    """Losses whose graph is still alive many steps later. alive: of the last `of` losses."""

    site: int = -1
    alive: int = 0
    of: int = 0


class Probed(Event, frozen=True, tag="probed"):
    """A copy of a model was asked a question, once, on a copy of a batch, in evaluation mode.

    probe: "batch-mixing" (does the answer for a sample change when another sample is replaced?) or
    "mask-ignored" (does any answer change when a mask is?). reason: why there is no answer, "" where
    there is one. site: the line that called the part named here, else that of the model's call.
    rows: samples in the copy's batch; asked: how many of them were replaced, one after the other;
    spread: how many of these changed the answer for another sample (a mask: how many answers it
    changed); reached: the most other samples that one of them changed. own: for how many of the
    asked samples the answer changed most when they were replaced themselves. ordered: whether the
    samples in another order get other answers. module, class_name: the first part whose output
    mixes; shape: of what it was given; sequence_first: whether it takes the second axis for the batch.
    argument: name of the mask; values: how many of them were turned.
    """

    probe: str
    model: int = -1
    reason: str = ""
    site: int = -1
    loader: int = -1
    input: tuple[int, ...] = ()
    rows: int = 0
    asked: int = 0
    spread: int = 0
    reached: int = 0
    own: int = 0
    ordered: bool = False
    module: str = ""
    class_name: str = ""
    shape: tuple[int, ...] = ()
    sequence_first: bool | None = None
    argument: str = ""
    values: int = 0


class Exchange(Event, frozen=True, tag="exchange"):
    """The processes of a job gave each other tensors, by a function that the program calls itself.

    Written when a line does it for the first time, again after the first step, and when there is
    twice as much. values: how many numbers in one call. What DistributedDataParallel does within
    backward is not seen.
    """

    function: str
    site: int = -1
    values: int = 0


class Accelerators(Event, frozen=True, tag="accelerators"):
    """Asked after many steps of models that are all on the CPU: what else is there. count: 0 for none.

    device: as `tensor.to` takes it ("cuda"). Asked without waking it up.
    """

    device: str = ""
    count: int = 0


class Ended(Event, frozen=True, tag="ended"):
    """The watched program ended, or the watcher was taken off.

    steps: of all optimizers. backwards, forwards: of all threads. error: the exception's class.
    """

    seconds: float
    steps: int = 0
    backwards: int = 0
    forwards: int = 0
    error: str = ""
    message: str = ""
    site: int = -1


SEEN = (
    Site | SourceText | Model | Optimizer | Scheduler | Loader | LossFunction | Anatomy
    | Steps | Pass | CallMode | ModuleMade | ModuleHidden | StateKept | StateLoaded | StateSaved
    | Worker | Kept | Probed | Exchange | Accelerators | Ended
)  # fmt: skip
