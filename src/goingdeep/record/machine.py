"""What a run was made on and with: the processor, the versions. Imports none of what it names."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from functools import cache
from pathlib import Path


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    found = {"python": platform.python_version()}
    for name in ("goingdeep", "torch", "torchvision", "numpy"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str | int]:
    """System, processor and how many cores it has."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count() or 1,
    }


def gpu_in_use() -> dict[str, str]:
    """The name of the GPU that this process has used, as "gpu"; asking does not begin to use one."""
    torch = sys.modules.get("torch")
    try:
        if torch is None or not torch.cuda.is_initialized():
            return {}
        return {"gpu": str(torch.cuda.get_device_name())}
    except Exception:  # noqa: BLE001 - a driver that has failed is the program's own trouble
        return {}


def processor() -> str:
    """The processor's name as its maker writes it (Linux; elsewhere little)."""
    return _cpuinfo().get("model name") or platform.processor()


def flags() -> frozenset[str]:
    """Its instruction sets in Linux's spelling, such as "avx512_bf16"; empty where unknown."""
    return frozenset(_cpuinfo().get("flags", "").split())


@cache
def _cpuinfo() -> dict[str, str]:
    """The lines about the first core."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.split("\n\n", 1)[0].splitlines())
    return {key.strip(): value.strip() for key, _, value in lines}
