"""The parts of an ejected script, each as text; a setting that is off leaves no line behind.

Axes in the scripts: N samples, C channels, H height, W width, K classes.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

from torch import nn

from goingdeep.record import DataFacts
from goingdeep.train.ejectable import IDX, npz_keys, npz_path
from goingdeep.train.settings import Settings


def _words(text: str) -> str:
    """A name in the script's title: a run may come from anybody, and a quote would end the text."""
    return "".join(c if c.isalnum() or c in " -_./" else "?" for c in text)


def head(s: Settings, data: DataFacts, steps: int) -> str:
    """Title, imports and numbers."""
    path = IDX.get(data.source) or str(npz_path(data))
    what = "folder of the four IDX files" if data.source in IDX else ".npz file"
    modules = "import gzip\nimport sys\n" if data.source in IDX else "import sys\n"
    needs_f = "from torch.nn import functional as F\n" if s.augment.shift else ""
    return f'''
"""Train {s.model} on {_words(data.name)} with plain PyTorch.

    python FILE.py [DATA]     DATA: the {what}

Axes: N samples, C channels, H height, W width, K classes.
"""

{modules}
import numpy as np
import torch
from torch import nn
{needs_f}
DATA = {json.dumps(path)}
if len(sys.argv) > 1:
    DATA = sys.argv[1]
SEED = {s.seed}
STEPS = {steps}  # optimizer steps in all
BATCH_SIZE = {s.batch_size}
LEARNING_RATE = {s.optimizer.lr!r}

# The number of threads decides the order of sums, and so the last bit of every weight.
torch.set_num_threads({s.threads})
'''


def reading(data: DataFacts, s: Settings) -> str:
    """How the images are read, and changed for training."""
    if data.source in IDX:
        c, h, w = data.image
        reading = f"""
# Images are kept as u8[N,{c},{h},{w}], labels as i64[N].
def read(name, header):
    with gzip.open(f"{{DATA}}/{{name}}-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def load(part):
    images = read(f"{{part}}-images-idx3", 16).reshape(-1, {c}, {h}, {w})
    labels = read(f"{{part}}-labels-idx1", 8).astype(np.int64)
    return torch.tensor(images), torch.tensor(labels)


train_images, train_labels = load("train")
test_images, test_labels = load("t10k")
"""
    else:
        c, h, w = data.image
        x_train, y_train, x_test, y_test = npz_keys(data)
        reading = f"""
# Images are kept as u8[N,{c},{h},{w}], labels as i64[N].
file = np.load(DATA)
train_images = torch.tensor(file["{x_train}"]).reshape(-1, {c}, {h}, {w})
train_labels = torch.tensor(file["{y_train}"]).long()
test_images = torch.tensor(file["{x_test}"]).reshape(-1, {c}, {h}, {w})
test_labels = torch.tensor(file["{y_test}"]).long()
"""
    changes = _changes(s)
    if changes:
        reading += f'''

def augment(images, samples):
    """Change a whole batch; the tables say how for each sample."""
{changes}    return images
'''
    return reading


def _changes(s: Settings) -> str:
    lines, a = "", s.augment
    if a.flip != "none":
        lines += (
            "    images = torch.where(flip[samples, None, None, None], images.flip(3), images)\n"
        )
    if a.shift:
        lines += f"""    padded = F.pad(images, ({a.shift}, {a.shift}, {a.shift}, {a.shift}))
    windows = padded.unfold(2, images.shape[2], 1).unfold(3, images.shape[3], 1)
    y, x = shift[samples].unbind(1)
    images = windows[torch.arange(len(images)), :, y, x]
"""
    if a.cutout:
        lines += f"""    height, width = images.shape[2:]
    top = (centre[samples, 0] * height).long()[:, None] - {a.cutout // 2}
    left = (centre[samples, 1] * width).long()[:, None] - {a.cutout // 2}
    rows, columns = torch.arange(height), torch.arange(width)
    rows = (rows >= top) & (rows < top + {a.cutout})
    columns = (columns >= left) & (columns < left + {a.cutout})
    images = images.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], 0)
"""
    return lines


def network(s: Settings, layers: list[nn.Module]) -> str:
    """The model, a layer a line."""
    lines = "\n".join(f"    nn.{_constructor(layer)}," for layer in layers)
    layout = (
        "# Convolutions read weights fastest when the channels of a pixel lie side by side.\n"
        "model = model.to(memory_format=torch.channels_last)\n"
        if s.layout == "channels_last"
        else ""
    )
    return f"""
torch.manual_seed(SEED)  # decides the first weights
model = nn.Sequential(
{lines}
)
{layout}"""


def _constructor(layer: nn.Module) -> str:
    """A layer as one would write it: only what is not the default."""
    arguments = []
    for name, parameter in inspect.signature(type(layer)).parameters.items():
        if name in ("device", "dtype", "args", "kwargs"):
            continue
        value: Any = getattr(layer, name)
        if name == "bias":
            value = value is not None
        if isinstance(value, tuple) and len(set(value)) == 1:
            value = value[0]
        if parameter.default is inspect.Parameter.empty:
            arguments.append(repr(value))
        elif value != parameter.default and not (name == "stride" and value == _own_stride(layer)):
            arguments.append(f"{name}={value!r}")
    return f"{type(layer).__name__}({', '.join(arguments)})"


def _own_stride(layer: nn.Module) -> object:
    """The stride a pool has when none is given: its own size."""
    return getattr(layer, "kernel_size", None) if "Pool" in type(layer).__name__ else None


def optimizer(s: Settings) -> str:
    """Loss and optimizer."""
    o = s.optimizer
    smoothing = f"label_smoothing={s.loss.label_smoothing}" if s.loss.label_smoothing else ""
    settings = "lr=LEARNING_RATE"
    if o.name == "sgd" and o.momentum:
        settings += f", momentum={o.momentum}" + (", nesterov=True" if o.nesterov else "")
    groups, before = "model.parameters()", ""
    if o.weight_decay:
        before = f"""# Weights are pulled towards zero; biases and BatchNorm's scales are not.
groups = [
    {{"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": {o.weight_decay}}},
    {{"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0}},
]
"""
        groups = "groups"
    elif o.name == "adamw":
        settings += ", weight_decay=0.0"
    kind = "AdamW" if o.name == "adamw" else "SGD"
    return f"""
loss_function = nn.CrossEntropyLoss({smoothing})
{before}optimizer = torch.optim.{kind}({groups}, {settings}, fused=True)
"""


def schedule(s: Settings) -> str:
    """The learning rate as a function of the step; nothing where it is constant."""
    if s.schedule.name == "constant":
        return ""
    warmup = s.schedule.warmup
    rise = (
        f"""    if done < {warmup}:
        return LEARNING_RATE * done / {warmup}
"""
        if warmup
        else ""
    )
    if s.schedule.name == "cosine":
        fall = "LEARNING_RATE * (0.5 - 0.5 * math.cos(math.pi * left))"
        extra = "    import math\n\n"
    else:
        fall, extra = "LEARNING_RATE * left", ""
    return f'''

def learning_rate(step):
    """Up in a line, then down to zero at the end of the run."""
{extra}    done = step / STEPS
{rise}    left = (1 - done) / (1 - {warmup})
    return {fall}
'''


def training(s: Settings, data: DataFacts, *, whole_epochs: bool) -> str:
    """The loop. whole_epochs: whether the last epoch is not cut."""
    return "\n".join(_training_lines(s, data, whole_epochs=whole_epochs)) + "\n"


def _training_lines(s: Settings, data: DataFacts, *, whole_epochs: bool) -> Iterator[str]:
    count, a = data.counts["train"], s.augment
    yield ""
    yield "step, epoch = 0, 0"
    yield "while step < STEPS:"
    yield "    # Everything random about an epoch comes from one generator, seeded by its number."
    yield "    draw = torch.Generator().manual_seed((SEED * 1_000_003 + epoch) % 2**32)"
    yield f"    order = torch.randperm({count}, generator=draw)"
    if a.flip == "random":
        yield f"    flip = torch.rand({count}, generator=draw) < 0.5"
    elif a.flip == "alternate":
        yield "    first = torch.Generator().manual_seed(SEED * 1_000_003 % 2**32)"
        yield f"    flip = (torch.rand({count}, generator=first) < 0.5) ^ bool(epoch % 2)"
    if a.shift:
        yield f"    shift = torch.randint({2 * a.shift + 1}, ({count}, 2), generator=draw)"
    if a.cutout:
        yield f"    centre = torch.rand({count}, 2, generator=draw)"
    yield ""
    yield "    model.train()"
    yield "    for samples in order.split(BATCH_SIZE):"
    if count % s.batch_size == 1 and count > 1:
        yield "        if len(samples) == 1:  # BatchNorm cannot normalise a single sample"
        yield "            break"
    if not whole_epochs:
        yield "        if step == STEPS:"
        yield "            break"
    yield "        images, labels = train_images[samples], train_labels[samples]"
    if a.flip != "none" or a.shift or a.cutout:
        yield "        images = augment(images, samples)"
    if s.schedule.name != "constant":
        yield "        for group in optimizer.param_groups:"
        yield '            group["lr"] = learning_rate(step)'
    indent = "        "
    if s.precision == "bfloat16":
        yield '        with torch.autocast("cpu", torch.bfloat16):'
        indent += "    "
    yield f"{indent}logits = model(images.float() / 255)  # forward: f32[N,K], any range"
    yield f"{indent}loss = loss_function(logits, labels)  # one number, in nats"
    yield "        loss.backward()  # adds the gradient to each parameter's .grad"
    yield "        optimizer.step()  # moves each parameter against its gradient"
    yield "        optimizer.zero_grad()  # so that the next backward starts afresh"
    yield "        step += 1"
    yield "    epoch += 1"
    yield '    print(f"epoch {epoch}  loss of its last batch {loss.item():.4f}")'


def testing(s: Settings) -> str:
    """The test, and saving."""
    if s.precision == "bfloat16":
        forward = """with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
    logits = torch.cat([model(images.float() / 255).float() for images in test_images.split(500)])
"""
    else:
        forward = """with torch.no_grad():
    logits = torch.cat([model(images.float() / 255) for images in test_images.split(500)])
"""
    return f"""
model.eval()  # BatchNorm uses what it has learned, Dropout lets everything pass
{forward}right = (logits.argmax(1) == test_labels).sum().item()
print(f"Test accuracy {{100 * right / len(test_labels):.2f}} %")
torch.save(model.state_dict(), "model.pt")
"""
