"""What the processor says of itself (Linux; elsewhere little). Imports no torch."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path


def name() -> str:
    """The processor's name as its maker writes it."""
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
