"""What tells that something has changed: short names of texts, times of files."""

from __future__ import annotations

import hashlib
from pathlib import Path


def named(text: str) -> str:
    """A short name that another text does not have."""
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def stamp(path: Path) -> tuple[tuple[str, int], ...]:
    """What changes with a file, or with any file in a folder; () where there is none."""
    try:
        if path.is_dir():
            return tuple(sorted((p.name, p.stat().st_mtime_ns) for p in path.iterdir()))
        return ((path.name, path.stat().st_mtime_ns),)
    except OSError:
        return ()
