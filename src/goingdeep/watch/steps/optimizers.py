"""Optimizers and schedulers: each with its number, what it owns, and the state of its gradients."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from torch import Tensor

from goingdeep.record.encoding import finite
from goingdeep.record.scalars import curve_name
from goingdeep.record.seen import Fact, Group, Optimizer, Scheduler
from goingdeep.watch.steps.gradients import GONE, Gradients
from goingdeep.watch.steps.held import Held

if TYPE_CHECKING:
    from goingdeep.watch.lane import Lane
    from goingdeep.watch.watcher import Watcher

MAX_OPTIMIZERS = 256
MAX_SHAPES = 16
MAX_SETTINGS = 24


class Known:
    """One optimizer that is alive.

    lacks: whether it was written with tensors of models that were not known yet. lane: of the
    thread that uses it; None before its first step and its first clear.
    """

    __slots__ = (
        "count", "gradients", "held", "lacks", "lane", "loss_curve", "number", "rate_curve",
        "reference", "site", "size", "written",
    )  # fmt: skip

    def __init__(self, number: int, reference: Any, site: int) -> None:
        self.number = number
        self.reference = reference
        self.site = site
        self.size = -1
        self.count = 0
        self.written = self.lacks = False
        self.lane: Lane | None = None
        self.loss_curve = curve_name("loss", number)
        self.rate_curve = curve_name("rate", number)
        self.gradients = Gradients([])
        self.held = Held()

    def state(self) -> str:
        """The state of its gradients; where there are none it holds no loss either."""
        state = self.gradients.now()
        if state in GONE:
            self.held.cleared()
        return state


class Optimizers:
    """Numbers optimizers and schedulers in the order of first sight."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._known: dict[int, Known] = {}
        self._schedulers: dict[int, tuple[weakref.ref[Any], int]] = {}
        self.alive: list[Known] = []
        self._count = self._scheduler_count = 0

    def number(self, optimizer: object) -> int:
        """The number of an optimizer; -1 where it is unknown."""
        known = self._known.get(id(optimizer))
        return known.number if known is not None and known.reference() is optimizer else -1

    def seen(self, optimizer: Any, site: int = -1) -> Known | None:
        """The optimizer's entry, made at first sight; None beyond the bound."""
        key = id(optimizer)
        known = self._known.get(key)
        if known is not None and known.reference() is optimizer:
            return known
        if self._count >= MAX_OPTIMIZERS:
            self._watcher.recorder.gap("optimizers", f"more than {MAX_OPTIMIZERS} were made")
            return None
        known = Known(self._count, weakref.ref(optimizer, lambda _: self._gone(key)), site)
        self._count += 1
        self._known[key] = known
        self.alive.append(known)
        self.renew(known, optimizer)
        return known

    def stepping(self, optimizer: Any) -> Known | None:
        """As `seen`, of one that begins a step: what it owns may have changed."""
        known = self._known.get(id(optimizer))
        if known is None or known.reference() is not optimizer:
            return self.seen(optimizer)
        size = 0
        for group in getattr(optimizer, "param_groups", None) or ():
            size += len(group["params"])
        if size != known.size:
            self.renew(known, optimizer)
        return known

    def _gone(self, key: int) -> None:
        known = self._known.pop(key, None)
        # Another list: this may be called while somebody walks over the old one.
        self.alive = [other for other in self.alive if other is not known]

    def renew(self, known: Known, optimizer: Any) -> None:
        """Follow the gradients of what the optimizer owns now, if that has changed."""
        groups = getattr(optimizer, "param_groups", None) or ()
        size = 0
        for group in groups:
            size += len(group["params"])
        if size != known.size:
            known.size = size
            known.written = False
            known.gradients = Gradients([p for group in groups for p in group["params"]])

    def write(self, known: Known, optimizer: Any) -> int:
        """Write what an optimizer is and owns; returns how many tensors belong to no known model."""
        groups, shapes = [], []
        for group in optimizer.param_groups:
            owns: dict[int, list[int]] = {}
            unknown = 0
            for parameter in group["params"]:
                model, index = self._watcher.models.where(parameter)
                if model >= 0:
                    owns.setdefault(model, []).append(index)
                else:
                    unknown += 1
                    shapes.append(tuple(parameter.shape))
            groups.append(
                Group(
                    settings_of(group),
                    {model: tuple(indices) for model, indices in owns.items()},
                    unknown,
                )
            )
        self._watcher.recorder.event(
            Optimizer,
            id=known.number,
            class_name=type(optimizer).__qualname__,
            site=known.site,
            groups=tuple(groups),
            unknown_shapes=tuple(shapes[:MAX_SHAPES]),
        )
        return len(shapes)

    def write_all(self, stepped: Known) -> None:
        """An optimizer has done its first step: write it, and all that nothing is known of yet.

        One whose models have not run is written again at its own first step, and one that has the
        same parameters only then: frameworks wrap an optimizer into another that never steps.
        """
        taken = set(_ids(stepped.reference()))
        for known in self.alive:
            optimizer = known.reference()
            if known.written or not hasattr(optimizer, "param_groups"):
                continue
            if known is stepped or taken.isdisjoint(_ids(optimizer)):
                known.lacks = self.write(known, optimizer) > 0
                known.written = known is stepped or not known.lacks

    def _number_inside(self, optimizer: object) -> int:
        """The same, or that of the optimizer inside: Accelerate's own kind never steps by itself."""
        number = self.number(optimizer)
        return number if number >= 0 else self.number(getattr(optimizer, "optimizer", None))

    def owns(self, parameters: Iterable[Tensor]) -> bool:
        """Whether any optimizer that is alive owns one of these."""
        wanted = {id(p) for p in parameters}
        return any(not wanted.isdisjoint(_ids(known.reference())) for known in self.alive)

    def model_came(self) -> None:
        """A model was met: what an optimizer that has stepped before owns may be its parameters.

        Where a watch begins in the middle of a step (another thread trains), the forward was missed.
        """
        for known in self.alive:
            if known.lacks:
                known.written = False

    def write_all_again(self) -> None:
        """A model has changed: whom the tensors belong to may have changed too."""
        for known in self.alive:
            known.written = False

    def by_hand(self, parameters: list[Tensor]) -> Known:
        """The entry of a loop that changes these parameters itself."""
        known = Known(self._count, lambda: None, -1)
        self._count += 1
        known.gradients = Gradients(parameters)
        self._write_simple(known, "", parameters, by_hand=True)
        return known

    def foreign(self, optimizer: Any, site: int, parameters: list[Tensor]) -> Known | None:
        """The entry of an optimizer that is nothing like torch's (Keras has its own).

        It is met when it is built, which is before its models run.
        """
        key = id(optimizer)
        known = self._known.get(key)
        if known is not None and known.reference() is optimizer:
            return known
        if self._count >= MAX_OPTIMIZERS:
            return None
        known = Known(self._count, weakref.ref(optimizer, lambda _: self._gone(key)), site)
        self._count += 1
        self._known[key] = known
        known.gradients = Gradients(parameters)
        self.alive.append(known)
        return known

    def write_foreign(self, known: Known, optimizer: Any, parameters: list[Tensor]) -> None:
        """Write what it owns, at its first step."""
        if not known.written:
            self._write_simple(known, type(optimizer).__qualname__, parameters)

    def _write_simple(
        self, known: Known, name: str, parameters: list[Tensor], *, by_hand: bool = False
    ) -> None:
        known.written = True
        owns: dict[int, list[int]] = {}
        for parameter in parameters:
            model, index = self._watcher.models.where(parameter)
            owns.setdefault(model, []).append(index)
        unknown = len(owns.pop(-1, ()))
        group = Group({}, {model: tuple(indices) for model, indices in owns.items()}, unknown)
        self._watcher.recorder.event(
            Optimizer, id=known.number, class_name=name, site=known.site, groups=(group,),
            by_hand=by_hand,
        )  # fmt: skip

    def scheduler(self, scheduler: Any, site: int = -1) -> int:
        """The number of a scheduler, written at first sight."""
        known = self._schedulers.get(id(scheduler))
        if known is not None and known[0]() is scheduler:
            return known[1]
        number = self._scheduler_count
        if number >= MAX_OPTIMIZERS:
            return -1
        self._scheduler_count += 1
        self._schedulers[id(scheduler)] = (weakref.ref(scheduler), number)
        self._watcher.recorder.event(
            Scheduler,
            id=number,
            class_name=type(scheduler).__qualname__,
            optimizer=self._number_inside(getattr(scheduler, "optimizer", None)),
            site=site,
            settings=settings_of(vars(scheduler)),
        )
        return number


def _ids(optimizer: Any) -> list[int]:
    """Of the parameters that an optimizer owns now."""
    groups = getattr(optimizer, "param_groups", None) or ()
    return [id(parameter) for group in groups for parameter in group["params"]]


def settings_of(values: dict[str, Any]) -> dict[str, Fact]:
    """The plain numbers, words and switches among some values; short lists as text."""
    found: dict[str, Fact] = {}
    for name, value in values.items():
        if not isinstance(name, str) or name.startswith("_") or name == "params":
            continue
        plain = plain_fact(value)
        if plain is not None:
            found[name] = plain
        if len(found) >= MAX_SETTINGS:
            break
    return found


def plain_fact(value: Any) -> Fact:
    """A value as JSON can hold it; None for what is no number, word, switch or short list."""
    # A number of numpy's is a float, and yet JSON's writer does not know it.
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str.__str__(value)[:80]
    if isinstance(value, float):
        return finite(float(value))
    if isinstance(value, Tensor):
        on_cpu = value.device.type == "cpu" and value.numel() == 1
        return plain_fact(value.item()) if on_cpu else None
    if isinstance(value, list | tuple) and len(value) <= 8:
        if all(isinstance(item, int | float) for item in value):
            return ", ".join(str(item) for item in value)
        return None
    # MultiStepLR keeps its milestones in a Counter.
    if isinstance(value, dict) and len(value) <= 16 and all(isinstance(k, int) for k in value):
        return ", ".join(str(key) for key in sorted(value))
    return None
