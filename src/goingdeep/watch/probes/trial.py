"""One copy of a model, run on copies of some samples of a batch.

Axes in this file: N samples of the loader's batch, n of them that the copy is given.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from goingdeep.watch.moments.copies import Copies
from goingdeep.watch.moments.plain_data import CannotCopyError
from goingdeep.watch.reading.aside import aside
from goingdeep.watch.reading.generators import Generators

LIMIT = 256 << 20
"""Bytes of a copy: there is one at a time beside the master."""

SLOW = 2.0
"""Seconds of one forward of a few samples, from which on a probe would be felt."""

MOST_ROWS = 6
"""Samples that a copy is given, where so few can be told apart from all other axes."""

LEAST_ROWS = 3
_NUMBERS = (bool, int, float, str, type(None), torch.dtype, torch.device)
_MOST_DEPTH = 3

Hook = Callable[[str, nn.Module, Any, Any], None]
"""hook(name, module, args, output)"""


class CannotAskError(Exception):
    """A probe has no answer, and why."""


class Trial:
    """A copy of a model with what it was called with, to be run again and again.

    Args:
        module: the program's; it is only copied. args, kwargs: of its call.
        batch: N. output: shapes of what it returned.

    Raises:
        CannotAskError: a copy cannot be made, or the axis of the samples cannot be told.
    """

    def __init__(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], batch: int,
        output: Sequence[torch.Size],
    ) -> None:  # fmt: skip
        self.batch = batch
        self._args, self._kwargs = args, kwargs
        given = [tensor for tensor in _tensors((args, kwargs)) if tensor.dim()]
        self.first = next((tensor for tensor in given if len(tensor) == batch), None)
        if self.first is None:
            raise CannotAskError("the model was not given a tensor with the batch's samples")
        shapes = [tensor.shape for tensor in given if len(tensor) == batch] + list(output)
        self._sizes = [n for n in _sizes(batch) if all(n not in shape[1:] for shape in shapes)]
        if not self._sizes:
            raise CannotAskError("the axis of the samples has the length of another axis")
        self.rows = self._sizes[0]
        try:
            self._master = Copies(LIMIT).copy_module(module)
        except CannotCopyError as error:
            raise CannotAskError(f"a copy cannot be made: {error}") from error
        self._generators = Generators.now()

    def begin(self) -> list[Tensor]:
        """The outputs for the first n samples, n chosen so that the copy takes them.

        Raises:
            CannotAskError: it takes none, is slow, or gives no row for each sample.
        """
        reason = ""
        for rows in self._sizes[:1] + [n for n in self._sizes[1:] if n == self.batch]:
            self.rows = rows
            began = time.monotonic()
            try:
                outputs = self.run(range(rows))
            except CannotAskError as error:
                reason = str(error)
                continue
            if time.monotonic() - began > SLOW:
                raise CannotAskError(f"one forward took more than {SLOW:g} seconds")
            return outputs
        raise CannotAskError(reason)

    def run(
        self, samples: Sequence[int], *, hook: Hook | None = None, training: bool = False,
        changed: dict[int, Tensor] | None = None,
    ) -> list[Tensor]:  # fmt: skip
        """The outputs of a fresh copy for some samples of the batch: each with a row per sample.

        Args:
            samples: numbers of n samples. hook: told of every call of a module in the copy.
            training: run in training mode. changed: {id of an argument: what stands in its place}.

        Raises:
            CannotAskError: it failed, or its output has no row per sample.
        """
        copied = Copies(2 * LIMIT).copy_module(self._master)
        for name, module in nn.Module.named_modules(copied):
            vars(module)["training"] = training
            if hook is not None:
                vars(module)["_forward_hooks"][-1] = functools.partial(hook, name)
        chosen = torch.tensor(list(samples))
        args = self._chosen(self._args, chosen, changed or {})
        kwargs = self._chosen(self._kwargs, chosen, changed or {})
        before = Generators.now()
        try:
            with ExitStack() as stack:
                stack.enter_context(torch.inference_mode(mode=False))
                stack.enter_context(aside())
                stack.enter_context(_unheard())
                self._generators.restore()
                output = nn.Module.__call__(copied, *args, **kwargs)
        except Exception as error:
            said = (str(error).splitlines() or [""])[0][:120]
            raise CannotAskError(
                f"the copy failed on some of the samples: {type(error).__name__}: {said}"
            ) from error
        finally:
            before.restore()
        found = [t for t in _tensors(output) if t.dim() and len(t) == len(chosen)]
        if not found or any(len(chosen) in t.shape[1:] for t in found):
            raise CannotAskError("the output has no row for each sample")
        if not all(bool(torch.isfinite(t).all()) for t in found if t.is_floating_point()):
            raise CannotAskError("the copy's output is not finite")
        return [t.detach() for t in found]

    def other(self, row: int) -> int | None:
        """A sample with another content than this one, from outside of the first n if there is one."""
        assert self.first is not None
        with torch.inference_mode(mode=False), aside():
            rows = [*range(self.rows, self.batch), *range(self.rows)]
            mine = self.first[row]
            return next((r for r in rows if not torch.equal(self.first[r], mine)), None)

    def _chosen(
        self, value: Any, chosen: Tensor, changed: dict[int, Tensor], depth: int = 0
    ) -> Any:
        if isinstance(value, Tensor):
            value = changed.get(id(value), value).detach()
            if value.dim() and len(value) == self.batch:
                return value[chosen.to(value.device)]
            return value.clone()
        if isinstance(value, _NUMBERS):
            return value
        if type(value) in (list, tuple, dict) and depth < _MOST_DEPTH:
            if type(value) is dict:
                return {k: self._chosen(v, chosen, changed, depth + 1) for k, v in value.items()}
            return type(value)(self._chosen(item, chosen, changed, depth + 1) for item in value)
        raise CannotAskError(f"the model was given a {type(value).__name__}")


def _sizes(batch: int) -> list[int]:
    """Numbers of samples that a copy may be given, the best first."""
    fewer = [n for n in (MOST_ROWS, 5, 7, 4, LEAST_ROWS) if n < batch]
    return [*fewer, batch] if batch >= LEAST_ROWS else []


def _tensors(value: Any, depth: int = 0) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict) and depth < _MOST_DEPTH:
        for item in list(dict.values(value)):
            yield from _tensors(item, depth + 1)
    elif isinstance(value, list | tuple) and depth < _MOST_DEPTH:
        for item in value:
            yield from _tensors(item, depth + 1)


@contextmanager
def _unheard() -> Iterator[None]:
    """Nothing is warned of, and what was not warned of yet still will be.

    A warning that is ignored is not noted as shown. The list is exchanged, not added to:
    `warnings.catch_warnings` and `warnings.simplefilter` would have every warning of the program's
    that is shown once shown once more.
    """
    filters = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        yield
    finally:
        warnings.filters = filters
