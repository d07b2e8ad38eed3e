"""Training loops driven by hand with a close look, and a watcher that only keeps what it is told."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from goingdeep.record.event import Blob, Event
from goingdeep.record.events import decode, encode
from goingdeep.watch.looks.look import Look

PLAIN = {"weight": None, "reduction": 1, "ignore_index": -100, "label_smoothing": 0.0}


class Recorder:
    """Keeps events; each is written and read back, so that what JSON cannot hold is found."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.gaps: list[tuple[str, str]] = []
        self.arrays: list = []
        self.bytes = 0
        self.sites = SimpleNamespace(here=lambda _: 2)

    def made(self, kind: type[Event], fields: dict) -> Event:
        for value in numbers_in(fields):
            assert math.isfinite(value), fields
        return kind(time=1.0, step=0, rank=0, **fields)

    def event(self, kind: type[Event], **fields) -> None:
        made = self.made(kind, fields)
        self.write([made], [encode(made)])

    def write(self, made: list[Event], lines: list[bytes]) -> None:
        for event, line in zip(made, lines, strict=True):
            self.bytes += len(line)
            back = decode(line)
            assert type(back) is type(event)
            assert encode(back) == line
            self.events.append(back)

    def gap(self, what: str, reason: str) -> None:
        self.gaps.append((what, reason))

    def blob(self, array) -> Blob:
        self.arrays.append(array)
        return Blob("0" * 32, "u1", array.shape)

    def of(self, kind: type[Event]) -> list:
        return [event for event in self.events if type(event) is kind]


def numbers_in(value):
    """Every float, however deep it is."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers_in(item)
    elif hasattr(value, "__struct_fields__"):
        for name in value.__struct_fields__:
            yield from numbers_in(getattr(value, name))


def watcher_of(*models: nn.Module) -> SimpleNamespace:
    """A watcher whose models have these numbers."""
    places = {id(m): (i, n) for i, model in enumerate(models) for n, m in model.named_modules()}
    owners = {
        id(p): (i, j) for i, model in enumerate(models) for j, p in enumerate(model.parameters())
    }
    return SimpleNamespace(
        recorder=Recorder(),
        models=SimpleNamespace(
            place=lambda module: places.get(id(module), (-1, "")),
            where=lambda parameter: owners.get(id(parameter), (-1, -1)),
            trainable=lambda: (
                (i, n, p) for i, model in enumerate(models) for n, p in model.named_parameters()
            ),
        ),
    )


class Seeing:
    """Shows every module call to a look while it is on."""

    def __init__(self, look: Look) -> None:
        self.look = look

    def __enter__(self) -> Look:
        look = self.look
        self._handles = [
            register_module_forward_pre_hook(lambda m, args: look.call_started(m, args, None)),
            register_module_forward_hook(
                lambda m, args, output: (
                    look.call_failed(m) if output is None else look.call_ended(m, args, output)
                ),
                always_call=True,
            ),
        ]
        return look

    def __exit__(self, *_) -> None:
        for handle in self._handles:
            handle.remove()


def mlp() -> nn.Module:
    """A small sibling of the quickstart's network."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 10)
    )


def images(count: int = 20, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.rand(count, 1, 6, 6, generator=generator),
        torch.randint(0, 10, (count,), generator=generator),
    )


def train_step(
    look: Look | None,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: tuple[torch.Tensor, torch.Tensor],
    *,
    settings: dict | None = None,
    loss_function: Callable = nn.functional.cross_entropy,
    clear: bool = True,
    forward: Callable | None = None,
) -> torch.Tensor:
    """One step as a loop would do it; the look is told by hand."""
    settings = settings or {}
    pixels, labels = batch
    forward = forward or model
    if look is not None:
        look.batch(0, 1, list(batch))
        with Seeing(look):
            scores = forward(pixels)
    else:
        scores = forward(pixels)
    loss = loss_function(scores, labels, **settings)
    if look is not None:
        look.loss(0, "cross_entropy", scores, labels, loss, 3, PLAIN | settings)
        look.before_backward((loss,), 4)
    loss.backward()
    if look is not None:
        look.after_backward()
        look.before_step(optimizer, 0, 5)
    optimizer.step()
    if look is not None:
        look.after_step(optimizer)
    if clear:
        if look is not None:
            look.before_clear("optimizer", 0, list(model.parameters()), 6)
        optimizer.zero_grad()
        if look is not None:
            look.after_clear()
    return loss.detach()


def look_at(model: nn.Module, optimizer=None, batch=None, **options):
    """Take one step under a look; gives the recorder, and the weights and gradients it had."""
    watcher = watcher_of(model)
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    look = Look(watcher, 7)
    train_step(look, model, optimizer, batch or images(), **options)
    look.finish()
    return watcher.recorder
