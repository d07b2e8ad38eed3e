"""One optimizer step, closely: every parameter before and after, and a few single weights, exact.

The weights before a step are gone after it, so they are copied; of a model that is too large only
a sample spread over each parameter is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from goingdeep.record.look import Update, Weight
from goingdeep.record.seen import Fact
from goingdeep.record.sentences import step as sentence
from goingdeep.watch.look_backward import Named, ends, gradient_of
from goingdeep.watch.optimizers import settings_of
from goingdeep.watch.tensors import content_hash, exact, norm, plain, readable, short, spread

MOST_BYTES = 64 << 20
SAMPLED_VALUES = 1 << 20
"""Of all parameters together, where they are larger than `MOST_BYTES`."""

LEAST_SAMPLE = 64
MOST_GROUPS = 4
MOST_STATE = 8


class _Owned(NamedTuple):
    """A parameter of the optimizer: its group, the number of its model, its name."""

    group: int
    model: int
    name: str
    tensor: Tensor


class _Kept(NamedTuple):
    """A parameter and a copy of it, or of a sample of it."""

    owned: _Owned
    copy: Tensor
    most: int


class _Chosen(NamedTuple):
    """A single weight as it was before the step."""

    owned: _Owned
    at: tuple[int, ...]
    before: float | str
    gradient: float | str | None
    state: dict[str, float | str]


class Step:
    """What is known of a step before it is done, and then after it.

    Args:
        optimizer: whose step it is.
        number: its number in the record.
        names: trainable parameters by their id.
        site: number of the user's line.
        room: how many parameters still fit into the close look.
    """

    def __init__(
        self, optimizer: Any, number: int, names: Mapping[int, Named], site: int, room: int
    ) -> None:
        self.optimizer = optimizer
        self._number = number
        self._site = site
        groups: list[dict[str, Any]] = optimizer.param_groups
        self._settings = [settings_of(group) for group in groups]
        self._owned = [
            _Owned(group, *_name(names, tensor, group, index), tensor)
            for group, content in enumerate(groups)
            for index, tensor in enumerate(content["params"])
        ]
        self._kept = _copies(ends(self._owned, room))
        self._backward_inside = False
        self._chosen = self._choose()

    def backward_inside(self) -> None:
        """A closure has computed the gradients within the step: only now are they those it uses.

        The first one counts: nothing has moved yet. LBFGS calls its closure again.
        """
        if not self._backward_inside:
            self._backward_inside = True
            self._chosen = self._choose()

    def fields(self) -> dict[str, Any]:
        """The fields of a `LookStep`, after the step."""
        updates = [row for kept in self._kept if (row := _update(kept)) is not None]
        name = type(self.optimizer).__name__
        settings = self._settings[0] if self._settings else {}
        return {
            "site": self._site,
            "optimizer": self._number,
            "class_name": name,
            "settings": settings,
            "updates": tuple(updates),
            "weights": tuple(self._weight(chosen) for chosen in self._chosen),
            "checksum": content_hash(owned.tensor for owned in self._owned),
            "left_out": len(self._owned) - len(updates),
            "sentence": sentence(name, settings, updates),
        }

    def _choose(self) -> list[_Chosen]:
        """Of each group the first and the last parameter, and there the largest gradient."""
        chosen: list[_Chosen] = []
        for group in range(min(len(self._settings), MOST_GROUPS)):
            own = [owned for owned in self._owned if owned.group == group]
            usable = [owned for owned in own if _largest_at(owned.tensor) is not None]
            for owned in usable[:1] + usable[1:][-1:]:
                at = _largest_at(owned.tensor)
                if at is not None:
                    before = _number_at(owned.tensor, at)
                    state = self._state(owned.tensor, at)
                    chosen.append(_Chosen(owned, at, before, _gradient_at(owned.tensor, at), state))
        return chosen

    def _weight(self, chosen: _Chosen) -> Weight:
        owned = chosen.owned
        gradient = chosen.gradient
        if self._backward_inside:  # clipped or unscaled since, inside the closure
            now = _gradient_at(owned.tensor, chosen.at)
            gradient = gradient if now is None else now
        first, own = self._settings[0], self._settings[owned.group]
        return Weight(
            model=owned.model,
            name=owned.name,
            at=chosen.at,
            before=chosen.before,
            gradient=gradient,
            after=_number_at(owned.tensor, chosen.at),
            state_before=chosen.state,
            state_after=self._state(owned.tensor, chosen.at),
            group=owned.group,
            settings={key: value for key, value in own.items() if first.get(key) != value},
        )

    def _state(self, parameter: Tensor, at: tuple[int, ...]) -> dict[str, float | str]:
        """The optimizer's own numbers for one weight. Asking must not make an entry."""
        every = getattr(self.optimizer, "state", None)
        state = dict.get(every, parameter) if isinstance(every, dict) else None
        found: dict[str, float | str] = {}
        if not isinstance(state, dict):
            return found
        for key, value in list(dict.items(state)):
            if not isinstance(key, str) or len(found) >= MOST_STATE:
                continue
            if isinstance(value, Tensor):
                if readable(value):
                    continue
                if value.shape == parameter.shape:
                    found[key] = _number_at(value, at)
                elif value.numel() == 1:
                    found[key] = exact(float(value.item()), value.dtype)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                found[key] = exact(float(value), torch.float64)
        return found


def _name(
    names: Mapping[int, Named], tensor: Tensor, group: int, index: int
) -> tuple[int, str]:
    known = names.get(id(tensor))
    if known is not None and known[2] is tensor:
        return known[0], known[1]
    return -1, f"group {group}, tensor {index}"


def _copies(chosen: Sequence[_Owned]) -> list[_Kept]:
    usable = [
        owned
        for owned in chosen
        if not readable(owned.tensor)
        and owned.tensor.is_floating_point()
        and owned.tensor.numel()
    ]
    values = sum(owned.tensor.numel() for owned in usable)
    size = sum(owned.tensor.numel() * owned.tensor.element_size() for owned in usable)
    kept = []
    for owned in usable:
        count = owned.tensor.numel()
        most = count
        if size > MOST_BYTES:
            most = min(count, max(LEAST_SAMPLE, SAMPLED_VALUES * count // values))
        kept.append(_Kept(owned, spread(plain(owned.tensor).detach(), most).clone(), most))
    return kept


def _update(kept: _Kept) -> Update | None:
    owned, before, most = kept
    if readable(owned.tensor):
        return None
    after = spread(plain(owned.tensor).detach(), most)
    if after.shape != before.shape or after.dtype is not before.dtype:
        return None  # somebody has put another tensor in its place
    scale = math.sqrt(owned.tensor.numel() / before.numel())
    weight = norm(before) * scale
    change = norm(after - before if before.dtype.itemsize > 1 else after.float() - before.float())
    change *= scale
    changed = change > 0
    if not math.isfinite(change) or not change:
        # NaN that stays NaN has not changed, and 0 that becomes -0 has.
        changed = _bits(before) != _bits(after)
    sampled = before.numel() if before.numel() < owned.tensor.numel() else 0
    ratio = change / weight if weight else math.inf if change else 0.0
    return Update(
        owned.model, owned.name, _statistic(weight), _statistic(change), _statistic(ratio),
        changed, sampled,
    )  # fmt: skip


def _bits(tensor: Tensor) -> bytes:
    flat = tensor.clone(memory_format=torch.contiguous_format).view(-1).view(torch.uint8)
    return flat.cpu().numpy().tobytes()


def _statistic(value: float) -> float | str:
    return short(value) if math.isfinite(value) else exact(value)


def _largest_at(parameter: Tensor) -> tuple[int, ...] | None:
    """Where a parameter's gradient is largest by size, the first such place; None without one."""
    found = gradient_of(parameter)
    if found is None or found.shape != parameter.shape or not parameter.numel():
        return None
    if readable(parameter) or not parameter.is_floating_point():
        return None
    if found.layout is torch.sparse_coo:
        return _largest_at_of_sparse(found.coalesce())
    if readable(found):
        return None
    gradient = plain(found)
    if gradient.dtype.itemsize == 1:
        gradient = gradient.float()
    if gradient.dim() < 2:
        return tuple(_unravel(int(gradient.abs().argmax()), gradient.shape))
    # Two short searches instead of one over everything: reductions along rows are ten times as
    # fast as `argmax`.
    rows = gradient.reshape(len(gradient), -1)
    largest = torch.maximum(rows.amax(1), -rows.amin(1))
    row = int(largest.argmax())
    column = int(rows[row].abs().argmax())
    return (row, *_unravel(column, gradient.shape[1:]))


def _largest_at_of_sparse(gradient: Tensor) -> tuple[int, ...] | None:
    values = gradient.values()
    if not values.numel():
        return None
    place = _unravel(int(values.abs().argmax()), values.shape)
    return (*gradient.indices()[:, place[0]].tolist(), *place[1:])


def _unravel(flat: int, shape: Sequence[int]) -> list[int]:
    place: list[int] = []
    for length in reversed(shape):
        flat, here = divmod(flat, length)
        place.append(here)
    return place[::-1]


def _number_at(tensor: Tensor, at: tuple[int, ...]) -> float | str:
    tensor = plain(tensor).detach()
    return exact(float(tensor[at].item()), tensor.dtype)


def _gradient_at(parameter: Tensor, at: tuple[int, ...]) -> float | str | None:
    found = gradient_of(parameter)
    if found is None or found.shape != parameter.shape:
        return None
    if found.layout is torch.sparse_coo:
        found = found.coalesce()
        same = (found.indices() == torch.tensor(at[: found.sparse_dim()]).unsqueeze(1)).all(0)
        place = same.nonzero().flatten().tolist()
        return _number_at(found.values(), (place[0], *at[found.sparse_dim() :])) if place else 0.0
    return None if readable(found) else _number_at(found, at)


__all__ = ["Fact", "Step"]
