"""Device, threads, precision and memory layout.

They follow from what the processor can do and what the model is made of, never from timing: that
would break "same seed, same weights".
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from goingdeep.errors import DeviceError
from goingdeep.record import machine
from goingdeep.record.manifest import Setting
from goingdeep.train.settings import Settings

NORMALISED = ("fast", "best")
"""Recipes whose learning rate is one for networks with BatchNorm."""
UNNORMALISED = 0.1
"""Without normalisation that rate lets a network fall into saying one class: measured on `mlp`."""


def choose_device(name: str) -> torch.device:
    """The device asked for; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        DeviceError: it is not there.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(
            f"there is no device called {name!r}",
            fix="--device cpu, cuda, cuda:1 or mps",
            more="docs/recipes.md",
        ) from error
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }.get(device.type, False)
    if not there:
        raise DeviceError(
            f"device {name} is not available on this machine",
            why="" if torch.cuda.is_available() else "PyTorch finds no CUDA device",
            fix="--device auto",
            more="docs/recipes.md",
        )
    return device


def gpu_name(device: torch.device) -> str:
    """The GPU's name as its maker writes it, such as "NVIDIA H100 80GB HBM3"; "" for no such device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else ""


def resolve_capability(
    values: dict[str, Setting], device: torch.device, model: nn.Module
) -> dict[str, Setting]:
    """Fill in every "auto" with a value and its reason, and fit the recipe's rate to the model."""
    convolutional = any(isinstance(module, nn.Conv2d) for module in model.modules())
    chosen = dict(values)
    chosen["device"] = Setting(str(device), values["device"].origin)
    if values["threads"].value == 0:
        threads = torch.get_num_threads()
        if "OMP_NUM_THREADS" not in os.environ:
            # Hyper-threads and container limits are torch's business; ours is to write it down,
            # since the number of threads decides the order of sums.
            reason = "torch's choice for this machine"
        else:
            reason = "OMP_NUM_THREADS"
        chosen["threads"] = Setting(threads, "capability", reason)
    if values["precision"].value == "auto":
        chosen["precision"] = _precision(device, convolutional=convolutional)
    if values["layout"].value == "auto":
        chosen["layout"] = (
            Setting("channels_last", "capability", "convolutions read it fastest")
            if convolutional and device.type != "mps"
            else Setting("contiguous", "capability", "nothing here gains from channels_last")
        )
    rate = values["optimizer.lr"]
    if values["recipe"].value in NORMALISED and rate.origin == "recipe" and not _normalises(model):
        chosen["optimizer.lr"] = Setting(
            float(rate.value) * UNNORMALISED,
            "capability",
            "a tenth of the recipe's rate: this model has no normalisation layer",
        )
    return chosen


def _normalises(model: nn.Module) -> bool:
    kinds = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)
    return any(isinstance(module, kinds) for module in model.modules())


def _precision(device: torch.device, *, convolutional: bool) -> Setting:
    if not convolutional:
        return Setting("float32", "capability", "small matrices gain nothing from bfloat16")
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported():
            return Setting("bfloat16", "capability", "this GPU multiplies bfloat16")
        return Setting("float32", "capability", "this GPU has no bfloat16")
    if device.type == "cpu":
        flags = machine.flags()
        for flag, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")):
            if flag in flags:
                return Setting("bfloat16", "capability", f"this processor has {name}")
    return Setting("float32", "capability", "this processor has no bfloat16 arithmetic")


@dataclass(frozen=True)
class Arithmetic:
    """How the numbers are computed: the device, autocast or not, and the layout of the weights."""

    device: torch.device
    dtype: torch.dtype
    memory_format: torch.memory_format

    def precision(self) -> AbstractContextManager[object]:
        """The context in which forward and loss run."""
        if self.dtype is torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def place(self, model: nn.Module) -> nn.Module:
        """Move a model to the device in the layout."""
        return model.to(self.device, memory_format=self.memory_format)  # type: ignore[call-overload, no-any-return]


def arithmetic(settings: Settings, device: torch.device) -> Arithmetic:
    """From settings in which nothing is "auto" any more."""
    return Arithmetic(
        device,
        torch.bfloat16 if settings.precision == "bfloat16" else torch.float32,
        torch.channels_last if settings.layout == "channels_last" else torch.contiguous_format,
    )


def exact(settings: Settings, device: torch.device) -> None:
    """Set what makes the same seed give the same weights.

    Changes:
        torch's number of threads, and on a GPU the choice of cuDNN's algorithms.
    """
    torch.set_num_threads(settings.threads)
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True


def generators(device: torch.device) -> dict[str, Tensor]:
    """The state of the global generators that a step on this device draws from, as u8 tensors."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_generators(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Put the generators back to where they were; a run moved to another device starts its own.

    Raises:
        KeyError, TypeError, RuntimeError: these are no states of generators.
    """
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps" and "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def with_capability(settings: Settings, values: dict[str, Setting]) -> Settings:
    """The settings with what `resolve_capability` chose."""
    chosen = {key: values[key].value for key in ("device", "threads", "precision", "layout")}
    optimizer = dataclasses.replace(settings.optimizer, lr=float(values["optimizer.lr"].value))
    return dataclasses.replace(settings, optimizer=optimizer, **chosen)  # type: ignore[arg-type]
