"""Going Deep: trains image classifiers with PyTorch, and shows what really happens in the loop.

    import goingdeep as gd

    run = gd.train("fashion-mnist-sample", epochs=2)
    run.accuracy
    gd.load(run.path).predict(images).names

Importing this module is cheap: torch is imported by the first function that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["Run", "__version__", "errors", "load", "resume", "test", "train"]

if TYPE_CHECKING:
    from goingdeep import errors
    from goingdeep.session import Run, load, resume, test, train


def __getattr__(name: str) -> Any:
    if name in __all__:
        import importlib

        if name == "errors":
            return importlib.import_module("goingdeep.errors")
        return getattr(importlib.import_module("goingdeep.session"), name)
    raise AttributeError(f"module 'goingdeep' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
