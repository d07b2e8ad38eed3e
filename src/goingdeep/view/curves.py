"""Curves as a page draws them: at most 2,000 points of a minimum and a maximum."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from goingdeep.errors import GoingDeepError
from goingdeep.record import Curve
from goingdeep.record.blobs import raw
from goingdeep.record.event import Blob
from goingdeep.record.scalars import F64
from goingdeep.view.contract import CurveOf
from goingdeep.view.stamps import stamp

MOST_ROWS = 1_000
MOST_CURVES = 64
_NAME = re.compile(r"([a-z_]{1,40})(?:-([0-9]{1,4}))?(?:-rank([0-9]{1,5}))?")


class Curves:
    """The curves of a run that may grow, and their bytes.

    told: what a page is told of them; the rows are a blob that it asks for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp: object = None
        self._bytes: dict[str, bytes] = {}
        self.told: tuple[CurveOf, ...] = ()

    def read(self, rank: int) -> None:
        """Read those of a process, where anything has changed."""
        now = stamp(self._folder / "scalars")
        if now == self._stamp:
            return
        self._stamp = now
        before = self.told
        self.told = tuple(
            CurveOf(name, self._keep(rows), optimizer, rank, thin)
            for name, optimizer, rows, thin in curves(self._folder, rank)
        )
        # A page may be about to ask for those that it was told of last; older ones nobody will.
        kept = {curve.rows.hash for curve in (*before, *self.told)}
        self._bytes = {ref: content for ref, content in self._bytes.items() if ref in kept}

    def blob(self, ref: str) -> bytes | None:
        """The rows that a hash stands for, f64[n,5]; None where it is none of these."""
        return self._bytes.get(ref)

    def kept(self) -> dict[str, bytes]:
        """All of them, by their hash: they stay as they are while these here grow."""
        return dict(self._bytes)

    def _keep(self, rows: F64) -> Blob:
        blob, content = raw(rows)
        self._bytes[blob.hash] = content
        return blob


def curves(folder: Path, rank: int = 0) -> list[tuple[str, int, F64, bool]]:
    """Each curve of a process: its name, its optimizer, its rows, whether they were thinned.

    Rows are f64[n,5] as `Curve.table` gives them. A curve that is damaged is left out.
    """
    found: list[tuple[str, int, F64, bool]] = []
    try:
        files = sorted((folder / "scalars").glob("*.npy"))
    except OSError:
        return found
    for path in files:
        match = _NAME.fullmatch(path.stem)
        if match is None or int(match[3] or 0) != rank or len(found) >= MOST_CURVES:
            continue
        try:
            rows = Curve.read(path).table()
        except (GoingDeepError, OSError):
            continue
        thin = thinned(rows)
        if len(thin):
            found.append((match[1], int(match[2] or 0), thin, len(thin) < len(rows)))
    return found


def thinned(rows: F64) -> F64:
    """Neighbours joined until there are few enough: no minimum and no maximum is lost.

    >>> thinned(np.array([[1.0, 1.0, 3.0, 3.0, 3.0]] * 3)).shape
    (3, 5)
    """
    while len(rows) > MOST_ROWS:
        pairs = len(rows) // 2
        one, other = rows[: 2 * pairs : 2], rows[1 : 2 * pairs : 2]
        count = one[:, 1] + other[:, 1]
        with np.errstate(invalid="ignore", over="ignore"):
            mean = (one[:, 3] * one[:, 1] + other[:, 3] * other[:, 1]) / count
        joined = np.column_stack(
            [one[:, 0], count, np.minimum(one[:, 2], other[:, 2]), mean,
             np.maximum(one[:, 4], other[:, 4])]
        )  # fmt: skip
        rows = np.concatenate([joined, rows[2 * pairs :]])
    return rows
