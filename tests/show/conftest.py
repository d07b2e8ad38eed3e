"""Records written by hand: what a watcher would have written of loops that we know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goingdeep.record import Curve, EventLog, Manifest, look, seen, write_manifest
from goingdeep.record.event import Gap
from goingdeep.record.seen import Block, Dataset, Group, Op, Parameter

QUICKSTART = """\
for X, y in dataloader:
X, y = X.to(device), y.to(device)
pred = model(X)
loss = loss_fn(pred, y)
loss.backward()
optimizer.step()
optimizer.zero_grad()""".splitlines()
FIRST_LINE = 41


class Recording:
    """Writes a run folder event by event."""

    def __init__(self, folder: Path, **manifest: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        values = {
            "kind": "watch", "name": folder.name, "command": ("gd", "run", "train.py"),
            "created": "2025-03-01T12:00:00.000+00:00", "status": "finished",
        } | manifest  # fmt: skip
        write_manifest(folder, Manifest(**values))
        self.log = EventLog(folder)
        self.step = 0
        self.rank = 0
        self._counts: dict[str, int] = {}

    def write(self, kind: type, **fields: Any) -> None:
        self.log.write(kind(time=1.0, step=self.step, rank=self.rank, **fields))

    def numbered(self, kind: type, **fields: Any) -> int:
        number = self._counts.get(kind.__name__, 0)
        self._counts[kind.__name__] = number + 1
        self.write(kind, id=number, **fields)
        return number

    def site(
        self,
        line: int,
        source: str,
        file: str = "/srv/me/train.py",
        function: str = "train",
        **via: Any,
    ) -> int:
        return self.numbered(
            seen.Site, file=file, line=line, source=source, function=function, **via
        )

    def lines(
        self, source: Sequence[str] = QUICKSTART, first: int = FIRST_LINE, **where: str
    ) -> dict[int, int]:
        """A site for each line of a piece of source: {line: site}."""
        return {
            first + i: self.site(first + i, text.strip(), **where) for i, text in enumerate(source)
        }

    def model(
        self,
        name: str = "NeuralNetwork",
        shapes=((512, 784), (512,), (10, 512), (10,)),
        **fields: Any,
    ) -> int:
        own = tuple(
            Parameter(f"{i // 2}.{('weight', 'bias')[i % 2]}", shape)
            for i, shape in enumerate(shapes)
        )
        return self.numbered(
            seen.Model, class_name=name, parameters=fields.pop("parameters", own), **fields
        )

    def optimizer(
        self, name: str = "SGD", lr: float = 0.001, owns: Sequence[int] = (0,), **fields: Any
    ) -> int:
        groups = (Group({"lr": lr}, dict.fromkeys(owns, (0, 1, 2, 3))),)
        return self.numbered(seen.Optimizer, class_name=name, groups=groups, **fields)

    def loader(self, samples: int = 60_000, batch: int = 64, *, train: bool | None = True, shuffle: bool = True,
               name: str = "FashionMNIST", **fields: Any) -> int:  # fmt: skip
        data = Dataset(self._counts.get("Loader", 0), name, 0, length=samples, train=train)
        return self.numbered(
            seen.Loader, class_name="DataLoader", dataset=data, length=-(-samples // batch),
            batch_size=batch, shuffle=shuffle, **fields,
        )  # fmt: skip

    def loss(self, function: str = "cross_entropy", value: float = 2.3026, **fields: Any) -> int:
        return self.numbered(
            seen.LossFunction, function=function, value=value, **{"reduction": "mean"} | fields
        )

    def anatomy(self, *blocks: Block | Op, optimizer: int = 0, left_out: int = 0) -> int:
        """Operations and blocks in order; loose operations next to each other are one block."""
        gathered: list[Block] = []
        loose: list[Op] = []
        for part in blocks:
            if isinstance(part, Op):
                loose.append(part)
            else:
                gathered += [Block(tuple(loose))] * bool(loose) + [part]
                loose = []
        gathered += [Block(tuple(loose))] * bool(loose)
        return self.numbered(
            seen.Anatomy, optimizer=optimizer, blocks=tuple(gathered), left_out=left_out
        )

    def steps(
        self,
        anatomy: int,
        first: int,
        last: int,
        count: int | None = None,
        optimizer: int = 0,
        **fields: Any,
    ) -> None:
        self.step = max(self.step, last)
        self.write(
            seen.Steps, optimizer=optimizer, anatomy=anatomy, first=first, last=last,
            count=last - first + 1 if count is None else count, **fields,
        )  # fmt: skip

    def walk(self, loader: int, role: str, batches: int, **fields: Any) -> None:
        number = self._counts[f"walk {loader}"] = self._counts.get(f"walk {loader}", 0) + 1
        self.numbered(
            seen.Pass, loader=loader, number=number, role=role, batches=batches,
            **{"complete": True} | fields,
        )  # fmt: skip

    def gap(self, what: str, reason: str) -> None:
        self.write(Gap, what=what, reason=reason)

    def curve(self, values: Sequence[float], name: str = "loss") -> None:
        (self.folder / "scalars").mkdir(exist_ok=True)
        curve = Curve()
        curve.extend(1, np.array(values, dtype=np.float64))
        curve.write(self.folder / "scalars" / f"{name}.npy")

    def end(self, seconds: float = 41.25, **fields: Any) -> Path:
        self.write(seen.Ended, seconds=seconds, **{"steps": self.step} | fields)
        return self.close()

    def close(self) -> Path:
        self.log.close()
        return self.folder


def op(name: str, site: int = -1, **facts: Any) -> Op:
    return Op(name, site, facts)


@pytest.fixture
def record(tmp_path, monkeypatch) -> Callable[..., Recording]:
    """Begin a record: record("plain")."""
    monkeypatch.chdir(tmp_path)
    made: list[Recording] = []

    def begin(name: str = "run", **manifest: Any) -> Recording:
        made.append(Recording(Path("runs") / name, **manifest))
        return made[-1]

    yield begin
    for one in made:
        one.log.close()


def plain_ops(site: dict[int, int], grads: str = "none") -> list[Op]:
    """The quickstart's step, as it is recorded: the clear of the step before comes first."""
    return [
        op("clear", site[47], by="optimizer", number=0, to="none"),
        op("batch", site[41], loader=0),
        op(
            "forward", site[43], model=0, training=True, grad=True, sensitive="training", batch_of=0
        ),
        op("loss", site[44], loss=0),
        op("backward", site[45], grads=grads, came_from="NllLossBackward0"),
        op("step", site[46], optimizer=0, grads="fresh", changed=True),
    ]


def write_plain(one: Recording, epochs: int = 5, batches: int = 938) -> Recording:
    """The quickstart: five epochs, with an evaluation after each."""
    site = one.lines()
    test = one.lines(["for X, y in dataloader:", "pred = model(X)", "test_loss += loss_fn(pred, y).item()"],
                     60, function="test")  # fmt: skip
    one.model()
    one.optimizer()
    one.loader(site=site[41])
    one.loader(10_000, train=False, shuffle=False, site=test[60])
    one.loss(site=site[44])
    usual = one.anatomy(*plain_ops(site))
    first = one.anatomy(*plain_ops(site)[1:])
    one.steps(first, 1, 1)
    for epoch in range(epochs):
        start, end = epoch * batches + 1, (epoch + 1) * batches
        one.steps(usual, max(2, start), end)
        one.walk(0, "training", batches, first_step=start, last_step=end, forwards=batches,
                 training_mode=batches, with_grad=batches, loss=2.0 - 0.3 * epoch, site=site[41])  # fmt: skip
        one.walk(
            1, "evaluation", 157, forwards=157, loss=1.75 - 0.25 * epoch, site=test[60],
            ops=(op("forward", test[61], model=0, training=False, grad=False), op("loss", test[62], loss=0)),
        )  # fmt: skip
    one.curve(2.3026 * np.exp(-np.arange(1, epochs * batches + 1) / 4820))
    return one


@pytest.fixture
def plain(record) -> Path:
    return write_plain(record("plain")).end()


def write_look(one: Recording, site: dict[int, int], step: int = 938) -> None:
    """The close look at one step of the quickstart."""
    image = look.Values(
        (64, 1, 28, 28), "float32", low=0.0, high=1.0, mean=0.286, std=0.353, zeros=0.502
    )
    labels = look.Values((64,), "int64", low=0.0, high=9.0, mean=4.4, std=2.9, zeros=0.1)
    flat = look.Values((64, 784), "float32", low=0.0, high=1.0, mean=0.286, std=0.353, zeros=0.502)
    hidden = look.Values((64, 512), "float32", low=-0.9, high=0.8, mean=0.01, std=0.2)
    active = look.Values((64, 512), "float32", low=0.0, high=0.8, mean=0.08, std=0.1, zeros=0.48)
    scores = look.Values((64, 10), "float32", low=-0.3, high=0.4, mean=0.02, std=0.1)
    common = {"look": step}
    one.write(
        look.LookBatch,
        **common,
        site=site[41],
        loader=0,
        names=("0", "1"),
        tensors=(image, labels),
        labels=(9, 0, 3),
    )
    calls = [
        ("", "NeuralNetwork", image, scores, 0), ("flatten", "Flatten", image, flat, 0),
        ("0", "Linear", flat, hidden, 401_920), ("1", "ReLU", hidden, active, 0),
        ("2", "Linear", active, scores, 5_130),
    ]  # fmt: skip
    for i, (name, kind, before, after, parameters) in enumerate(calls):
        one.write(
            look.LookCall, **common, site=site[43], index=i, depth=min(i, 1), model=0, module=name,
            class_name=kind, inputs=(before,), outputs=(after,), parameters=parameters,
        )  # fmt: skip
    logits = np.array([0.25, -0.125, 0.5, 0.0, 0.125, -0.25, 0.0, 0.375, -0.5, 1.0])
    loss = float(np.log(np.exp(logits).sum()) - logits[9])
    one.write(
        look.LookLoss, **common, site=site[44], loss=0, function="cross_entropy", input=scores,
        target=labels, value=2.125, rows=(look.Row(0, tuple(logits.tolist()), label=9, loss=loss),),
    )  # fmt: skip
    names = ("0.weight", "0.bias", "1.weight", "1.bias")
    one.write(
        look.LookBackward, **common, site=site[45], value=2.125, nodes=12, before={"none": 4},
        came_from=("NllLossBackward0", "LogSoftmaxBackward0", "AddmmBackward0"),
        gradients=tuple(look.Gradient(0, name, norm=2.0 ** -i, largest=2.0 ** (-i - 3)) for i, name in enumerate(names)),
    )  # fmt: skip
    one.write(
        look.LookStep, **common, site=site[46], optimizer=0, class_name="SGD",
        settings={"lr": 0.001, "momentum": 0, "weight_decay": 0},
        updates=tuple(look.Update(0, name, 4.0, 0.002, 0.0005) for name in names),
        weights=(look.Weight(0, "0.weight", (0, 5), 0.0123, 0.5, 0.0118),), checksum="c0ffee",
    )  # fmt: skip
    one.write(
        look.LookClear,
        **common,
        site=site[47],
        by="optimizer",
        number=0,
        before={"value": 4},
        after={"none": 4},
    )
