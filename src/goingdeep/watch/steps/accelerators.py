"""Which accelerator a program leaves idle, asked without waking one up.

A program that has not used CUDA can still fork workers that do. The question that most would ask,
`torch.cuda.is_available()`, takes that away (it starts the driver). NVML answers from outside.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch

from goingdeep.record.seen import Accelerators

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

ASKED_AT = 128
"""Steps, after which a program that would move its model has done so."""

DEVICES = ("/dev/nvidiactl", "/dev/nvhost-ctrl", "/dev/nvgpu", "/dev/dxg")
"""Through one of them any driver of NVIDIA's talks to its GPU on Linux."""

GAP = "accelerators"


def tell_idle(watcher: Watcher) -> None:
    """Write down what is there and unused, where every parameter that trains is on the CPU."""
    devices = {parameter.device.type for _, _, parameter in watcher.models.trainable()}
    if devices != {"cpu"}:
        return
    found = available()
    if found is None:
        watcher.recorder.gap(GAP, "NVML does not say which GPUs there are")
    else:
        watcher.recorder.event(Accelerators, device=found[0], count=found[1])


def available() -> tuple[str, int] | None:
    """Kind and number of the accelerators that this build of PyTorch could use; None: unknown."""
    if torch.backends.mps.is_built():
        return ("mps", 1) if torch.backends.mps.is_available() else ("", 0)
    if torch.version.cuda is None:
        return "", 0
    if torch.cuda.is_initialized():
        count = torch.cuda.device_count()
    else:
        # It heeds CUDA_VISIBLE_DEVICES. Its public sibling starts the driver where NVML is missing.
        ask = getattr(torch.cuda, "_device_count_nvml", None)
        count = ask() if ask is not None else -1
    if count < 0:  # no NVML: there is no driver, or one of another kind (WSL, Jetson)
        return None if any(map(os.path.exists, DEVICES)) else ("", 0)
    return ("cuda", count) if count else ("", 0)
