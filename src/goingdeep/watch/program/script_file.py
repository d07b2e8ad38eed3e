"""Is this a program that Python could run? If not, said with more help than Python gives."""

from __future__ import annotations

import difflib
import os
import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from goingdeep.errors import ScriptError, ScriptNotFoundError, printable

HELP = "gd run --help"
HEAD = 8192
"""Bytes of a file that are looked at to see whether it is text."""


def check_script(word: str) -> None:
    """Refuse what Python could not run, with more help than it gives.

    Raises:
        ScriptNotFoundError, ScriptError: as said.
    """
    if word in {"-m", "-"}:
        return  # Python looks for the module, or reads the program from its input
    path = Path(word)
    try:
        if path.is_dir():
            _check_folder(path)
        elif not os.path.lexists(path):
            raise _not_found(path)
        elif path.is_file():
            _check_file(path)
    except (OSError, ValueError) as error:
        if isinstance(error, ScriptError):
            raise
        why = getattr(error, "strerror", None) or str(error)
        raise ScriptError(
            f"{printable(word)} cannot be read: {why}",
            where=str(path.parent.absolute()) if "\0" not in word else "",
            fix=f"look at its permissions: ls -ld {printable(word)}",
            more=HELP,
        ) from error


def _not_found(path: Path) -> ScriptNotFoundError:
    names: list[str] = []
    if path.parent.is_dir():
        names = [one.name for one in path.parent.iterdir() if one.suffix in {"", ".py"}]
    near = difflib.get_close_matches(path.name, names, n=1)
    where = str(path.parent.absolute())
    return ScriptNotFoundError(
        f"there is no script {printable(str(path))!r}",
        where=where if path.parent.is_dir() else f"{where} (not there either)",
        fix=f"did you mean {printable(str(path.parent / near[0]))}?"
        if near
        else f"ls {printable(str(path.parent))}",
        more=HELP,
    )


def _check_folder(path: Path) -> None:
    files = sorted(path.iterdir())
    if any(one.stem == "__main__" for one in files):
        return
    scripts = [one.name for one in files if one.suffix == ".py"]
    said = ", ".join(printable(name) for name in scripts[:5]) + (", ..." if scripts[5:] else "")
    raise ScriptError(
        f"{printable(str(path))} is a folder without __main__.py",
        why=f"in it are {said}" if scripts else "there is no Python file in it",
        fix=f"gd run {printable(str(path / scripts[0]))}" if scripts else "name the script itself",
        more=HELP,
    )


def _check_file(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(HEAD)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(Path(name).stem == "__main__" for name in archive.namelist()):
                return
        why = "it is a zip archive without __main__.py"
    elif path.suffix == ".ipynb":
        raise ScriptError(
            f"{printable(str(path))} is a notebook, not a script",
            fix="put %load_ext goingdeep and %%watch into it, or: jupyter nbconvert --to script",
            more=HELP,
        )
    elif b"\0" not in head or path.suffix == ".pyc" or head.startswith(MAGIC_NUMBER):
        return
    else:
        why = "it holds zero bytes, which no text does"
    raise ScriptError(
        f"{printable(str(path))} is not a Python program", why=why, fix="name a .py file", more=HELP
    )
