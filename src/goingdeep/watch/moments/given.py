"""What an operation was given: tensors become references to earlier results, or constants."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from goingdeep.watch.moments.copies import Copies, apart
from goingdeep.watch.moments.links import Link, Made, came_from, mark
from goingdeep.watch.moments.plain_data import Copier
from goingdeep.watch.moments.recorded import Constant, Forward, Loss, Own, Use, copy_tensor

DEEP = 4
"""How deep the tensors of an output are looked for."""


class Results:
    """Which tensor was returned by which operation, and which constants have been copied.

    Args:
        serial: tells marks at graph nodes from those of other moments.
    """

    def __init__(self, serial: int, copies: Copies) -> None:
        self._serial = serial
        self._copies = copies
        self._made: dict[int, tuple[weakref.ref[Tensor], Made]] = {}
        self._constants: dict[int, tuple[weakref.ref[Tensor], int, Constant]] = {}

    def returned(self, tensor: Tensor, made: Made) -> None:
        """A recorded operation returned this tensor."""
        self._made[id(tensor)] = (weakref.ref(tensor), made)
        mark(tensor, self._serial, made)

    def forget(self, keep: set[int]) -> None:
        """Know only the results of these slots from now on, as far as they are still there."""
        self._made = {
            key: known
            for key, known in self._made.items()
            if known[1].slot in keep and known[0]() is not None
        }

    def release(self, op: Forward | Loss) -> None:
        """An operation is left out: what only it was given takes no memory any more."""
        for constant in op.constants:
            constant.users -= 1
            if not constant.users:
                self._copies.size -= constant.size
        self._constants = {k: known for k, known in self._constants.items() if known[2].users}

    def origin(self, x: Tensor) -> Made | None:
        """Which recorded result a tensor is or was made of; None where it is a constant.

        Raises:
            CannotFollowError: it was made of something else that is differentiable.
        """
        known = self._made.get(id(x))
        if known is not None and known[0]() is x:
            return known[1]
        if x.grad_fn is not None:
            return came_from(x, self._serial)
        if x.requires_grad or not x.numel():
            return None
        for reference, made in self._made.values():
            result = reference()
            if result is not None and _detached(x, result):
                return Made(made.slot, made.path, (*made.links, Link("detach")))
        return None

    def constant(self, x: Tensor) -> Constant:
        """The copy of a tensor from outside; of the same unchanged tensor there is one."""
        version = -1 if x.is_inference() else x._version  # noqa: SLF001
        known = self._constants.get(id(x))
        if known is not None and known[0]() is x and known[1] == version >= 0:
            return known[2]
        size = x.element_size() * x.numel()
        self._copies.spend(size)
        with apart():
            copied = copy_tensor(x).requires_grad_(x.requires_grad)
        constant = Constant(copied, type(x), size)
        self._constants[id(x)] = (weakref.ref(x), version, constant)
        return constant


class Given(Copier):
    """Copies the arguments of one operation, tensors aside."""

    def __init__(self, op: Forward | Loss, results: Results, copies: Copies) -> None:
        super().__init__()
        self._op = op
        self._results = results
        self._copies = copies
        self._role = ""

    def of(self, x: Any, role: str | None = None) -> Any:
        """A copy of one argument.

        Args:
            role: of the first constant in it; None goes on where the last argument ended.

        Raises:
            CannotFollowError: a tensor in it depends on something that cannot be repeated.
            CannotCopyError: it is no plain data.
        """
        if role is not None:
            self._role = role
        return self.value(x)

    def tensor(self, x: Tensor) -> Made | Own | Use:
        """What stands for a tensor."""
        own = self._copies.of(x)
        if own is not None:
            return Own(own)
        made = self._results.origin(x)
        if made is not None:
            self._op.needs.add(made.slot)
            return made
        role, self._role = self._role, ""
        constant = self._results.constant(x)
        constant.users += 1
        self._op.constants.append(constant)
        return Use(constant, role)


class Again(Copier):
    """Copies arguments as they were recorded, with tensors of a replay's own in them.

    Args:
        result, constant, own: what gives the tensor for each kind of reference.
    """

    def __init__(
        self,
        result: Callable[[Made], Any],
        constant: Callable[[Use], Tensor],
        own: Callable[[Own], Tensor],
    ) -> None:
        super().__init__()
        self._result, self._constant, self._own = result, constant, own

    def value(self, x: Any) -> Any:
        """A copy of one argument."""
        if isinstance(x, Made):
            return self._result(x)
        if isinstance(x, Use):
            return self._constant(x)
        return self._own(x) if isinstance(x, Own) else super().value(x)


def tensors(output: Any) -> Iterator[tuple[tuple[tuple[str, Any], ...], Tensor]]:
    """The tensors in what a model returned, each with the way to it."""
    waiting: list[tuple[tuple[tuple[str, Any], ...], Any]] = [((), output)]
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, Tensor):
            yield path, here
        elif len(path) < DEEP:
            if isinstance(here, dict):
                waiting += [((*path, ("item", key)), value) for key, value in dict.items(here)]
            elif isinstance(here, list | tuple):
                waiting += [((*path, ("item", i)), value) for i, value in enumerate(here)]
            elif hasattr(here, "__dict__") and not isinstance(here, type):
                waiting += [((*path, ("attribute", k)), v) for k, v in vars(here).items()]


def _detached(x: Tensor, result: Tensor) -> bool:
    """Whether it shows the same numbers in the same way."""
    return (
        x.layout == result.layout
        and x.shape == result.shape
        and x.dtype == result.dtype
        and x.device == result.device
        and x.data_ptr() == result.data_ptr()
        and x.stride() == result.stride()
    )
