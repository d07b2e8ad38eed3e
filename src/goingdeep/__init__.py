"""Going Deep: trains image classifiers with PyTorch, and shows what really happens in the loop.

    import goingdeep as gd

    run = gd.train("fashion-mnist-sample", epochs=2)
    run.accuracy
    gd.load(run.path).predict(images).names

    with gd.watch() as run:
        ...  # any training loop
    print(run.show())

Importing this module is cheap: torch is imported by the first function that needs it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # `gd run` imports this before the program; see watch/program/imports.py

__version__ = "0.1.0"

__all__ = ["Run", "__version__", "errors", "load", "resume", "test", "train", "watch", "why"]

_OTHER_PLACES = {
    "errors": "errors",
    "watch": "watched",
    "why": "explained",
    "load_ipython_extension": "watched",
}

if TYPE_CHECKING:
    from typing import Any

    from goingdeep import errors
    from goingdeep.explained import why
    from goingdeep.session import Run, load, resume, test, train
    from goingdeep.watched import watch


class _Face(type(sys)):  # type: ignore[misc]  # ModuleType, without importing types
    """This module. Importing a folder of the name of a function must not hide the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in {"train", "watch", "why"} or value is not sys.modules.get(
            f"{__name__}.{name}"
        ):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __getattr__(name: str) -> Any:
    place = _OTHER_PLACES.get(name, "session" if name in __all__ else "")
    if place:
        import importlib

        module = importlib.import_module(f"goingdeep.{place}")
        return module if name == place else getattr(module, name)
    raise AttributeError(f"module 'goingdeep' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
