"""One optimizer step, closely: how far every parameter moved, and a few single weights, exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from goingdeep.record.look import Weight
from goingdeep.record.sentences import step as sentence
from goingdeep.watch.looks import windows
from goingdeep.watch.looks.backward import Named, ends, gradient_of
from goingdeep.watch.looks.updates import Owned, copies, give_back, update
from goingdeep.watch.reading.content import content_hash
from goingdeep.watch.reading.exact import exact
from goingdeep.watch.reading.tensors import largest_at, plain, readable
from goingdeep.watch.steps.optimizers import settings_of

MOST_GROUPS = 4
MOST_STATE = 8


class _Chosen(NamedTuple):
    """A single weight as it was before the step."""

    owned: Owned
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
        strangers: those of its tensors that belong to no model that was called.
    """

    def __init__(
        self, optimizer: Any, number: int, names: Mapping[int, Named], site: int, room: int,
        strangers: Sequence[Tensor] = (),
    ) -> None:  # fmt: skip
        self.optimizer = optimizer
        self._number = number
        self._site = site
        groups: list[dict[str, Any]] = optimizer.param_groups
        self._settings = [settings_of(group) for group in groups]
        self._owned = [
            Owned(group, *_name(names, tensor, group, index), tensor)
            for group, content in enumerate(groups)
            for index, tensor in enumerate(content["params"])
        ]
        self._kept, self._buffer = copies(ends(self._owned, room))
        self._strangers = strangers
        self._backward_inside = False
        self._chosen = self._choose()
        self._windows = self._cut()

    def backward_inside(self) -> None:
        """A closure has computed the gradients within the step: only now are they those it uses.

        The first one counts: nothing has moved yet. LBFGS calls its closure again.
        """
        if not self._backward_inside:
            self._backward_inside = True
            self._chosen = self._choose()
            self._windows = self._cut()

    def fields(self) -> dict[str, Any]:
        """The fields of a `LookStep`, after the step."""
        updates = [row for kept in self._kept if (row := update(kept)) is not None]
        self._kept.clear()
        give_back(self._buffer)
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
            "strangers": len(self._strangers),
            "strangers_idle": sum(gradient_of(tensor) is None for tensor in self._strangers),
            "windows": [
                window
                for kept in self._windows
                if (window := windows.after(kept, self._tensors_of(kept.owned.tensor)))
            ],
            "left_out": len(self._owned) - len(updates),
            "sentence": sentence(name, settings, updates),
        }

    def _choose(self) -> list[_Chosen]:
        """Of each group the first and the last parameter, and there the largest gradient."""
        chosen: list[_Chosen] = []
        for group in range(min(len(self._settings), MOST_GROUPS)):
            own = [owned for owned in self._owned if owned.group == group]
            first = next((owned for owned in own if _has_gradient(owned.tensor)), None)
            last = next((owned for owned in own[::-1] if _has_gradient(owned.tensor)), None)
            for owned in [first] if first is last else [first, last]:
                if owned is None:
                    continue
                at = _largest_at(owned.tensor)
                if at is not None:
                    before = _number_at(owned.tensor, at)
                    state = self._state(owned.tensor, at)
                    chosen.append(_Chosen(owned, at, before, _gradient_at(owned.tensor, at), state))
        return chosen

    def _cut(self) -> list[windows.Before]:
        """Pieces of the first matrices around the weights that were chosen."""
        found = (
            windows.before(chosen.owned, chosen.at, self._tensors_of(chosen.owned.tensor))
            for chosen in self._chosen[: windows.MOST]
        )
        return [kept for kept in found if kept is not None]

    def _tensors_of(self, parameter: Tensor) -> dict[str, Tensor]:
        """The optimizer's own tensors for a parameter. Asking must not make an entry."""
        every = getattr(self.optimizer, "state", None)
        state = dict.get(every, parameter) if isinstance(every, dict) else None
        if not isinstance(state, dict):
            return {}
        items = list(dict.items(state))[:MOST_STATE]
        return {k: v for k, v in items if isinstance(k, str) and isinstance(v, Tensor)}

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


def _name(names: Mapping[int, Named], tensor: Tensor, group: int, index: int) -> tuple[int, str]:
    known = names.get(id(tensor))
    if known is not None and known[2] is tensor:
        return known[0], known[1]
    return -1, f"group {group}, tensor {index}"


def _has_gradient(parameter: Tensor) -> bool:
    """Whether it has a gradient, and both have numbers."""
    found = gradient_of(parameter)
    if found is None or readable(parameter) or not parameter.is_floating_point():
        return False
    if found.shape != parameter.shape or not parameter.numel():
        return False
    return found.layout is torch.sparse_coo or not readable(found)


def _largest_at(parameter: Tensor) -> tuple[int, ...] | None:
    """Where a parameter's gradient is largest by size, the first such place."""
    found = gradient_of(parameter)
    if found is None:
        return None
    if found.layout is torch.sparse_coo:
        return _largest_at_of_sparse(found.coalesce())
    return largest_at(plain(found).detach())


def _largest_at_of_sparse(gradient: Tensor) -> tuple[int, ...] | None:
    values = gradient.values()
    if not values.numel():
        return None
    place = largest_at(values)
    return (*gradient.indices()[:, place[0]].tolist(), *place[1:])


def _number_at(tensor: Tensor, at: tuple[int, ...]) -> float | str:
    tensor = plain(tensor).detach()
    return exact(float(tensor[at].item()), tensor.dtype)


def _gradient_at(parameter: Tensor, at: tuple[int, ...]) -> float | str | None:
    found = gradient_of(parameter)
    if found is None or found.shape != parameter.shape:
        return None
    if found.layout is torch.sparse_coo:
        found = found.coalesce()
        wanted = torch.tensor(at[: found.sparse_dim()], device=found.device)
        place = (found.indices() == wanted.unsqueeze(1)).all(0).nonzero().flatten().tolist()
        return _number_at(found.values(), (place[0], *at[found.sparse_dim() :])) if place else 0.0
    return None if readable(found) else _number_at(found, at)
