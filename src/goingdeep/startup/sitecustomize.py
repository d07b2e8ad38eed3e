"""Python imports a module of this name at its start, before the program.

`gd run` puts this folder first on PYTHONPATH, and becomes `python script.py`: the program is then
run by Python itself, exactly as without us, and this file is the only door through which we come
in. It takes the folder and our variables away again, begins to wait for torch, and then imports the
`sitecustomize` that this system may have of its own.
"""

from __future__ import annotations

import os
import sys

TOLD = "GOINGDEEP_PROGRAM"
PATH_BEFORE = "GOINGDEEP_PYTHONPATH"


def _enter(told: str) -> None:
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - no pathlib yet
    before = os.environ.pop(PATH_BEFORE, None)
    if before is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = before
    sys.path[:] = [place for place in sys.path if place != here]
    sys.path_importer_cache.pop(here, None)
    try:
        _import_ours(os.path.dirname(os.path.dirname(here)))  # noqa: PTH120
        from goingdeep.watched import begin_program

        begin_program(told)
    except Exception as error:  # noqa: BLE001 - the program must run
        text = f"gd: nothing is recorded, the program goes on: {type(error).__name__}: {error}\n"
        if sys.__stderr__ is not None:
            sys.__stderr__.write(text)
    sys.modules.pop("sitecustomize", None)
    # Where there is none, Python is told so by this line, in the way it expects.
    import sitecustomize  # type: ignore[import-not-found]  # noqa: F401


def _import_ours(folder: str) -> None:
    """Import the package of the `gd` that was called, wherever the program will look for it."""
    sys.path.insert(0, folder)
    try:
        import goingdeep  # noqa: F401
    finally:
        sys.path.remove(folder)


_told = os.environ.pop(TOLD, None)
if _told is not None:
    _enter(_told)
