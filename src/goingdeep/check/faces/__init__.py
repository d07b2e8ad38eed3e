"""How a report is shown: text, JSON, SARIF, GitHub's annotations."""

from __future__ import annotations

from collections.abc import Callable

from goingdeep.check.faces import github, plain, sarif, text
from goingdeep.check.report import Report

FACES: dict[str, Callable[[Report], str]] = {
    "text": text.render,
    "json": plain.render,
    "sarif": sarif.render,
    "github": github.render,
}
"""Each takes a report and gives the whole output, without its last newline."""

__all__ = ["FACES"]
