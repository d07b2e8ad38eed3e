"""Mistakes that raise: PyTorch's own words are a part of the answer."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from goingdeep.record.answer import Failure


def attempt(title: str, call: Callable[[], object], meaning: str) -> Failure | None:
    """Do something that is meant to fail: PyTorch's own words, and the layer that said them.

    Returns:
        None where it does not fail.
    """
    model: list[nn.Module] = []
    try:
        call()
    except Exception as error:  # noqa: BLE001 - the error is what is asked for
        where = ""
        trace = error.__traceback__
        while trace is not None:
            this = trace.tb_frame.f_locals.get("self")
            if isinstance(this, nn.Module):
                model = model or [this]
                where = _layer(model[0], this)
            trace = trace.tb_next
        return Failure(title, f"{type(error).__name__}: {error}"[:600], where, meaning)
    return None


def _layer(model: nn.Module, layer: nn.Module) -> str:
    name = next((n for n, part in nn.Module.named_modules(model) if part is layer), "")
    return f"layer {name} ({type(layer).__name__})" if name else type(layer).__name__
