"""Which models there are. Nothing in this file imports torch."""

from __future__ import annotations

import os
from pathlib import Path
from pkgutil import iter_modules

from goingdeep.errors import SettingsError, UnknownNameError

NAMES: tuple[str, ...] = tuple(
    sorted(m.name for m in iter_modules([str(Path(__file__).parent)]) if not m.name.startswith("_"))
)
"""The models of this folder, in alphabetical order: its files are the list."""


def check_name(name: str) -> None:
    """Refuse a name that cannot be a model, without importing torch.

    Whether torchvision knows a NAME, and what a user's file does, is seen only by `build`.

    Raises:
        UnknownNameError: no such model; says the nearest.
        SettingsError: file.py is not there, or no function is named.

    >>> check_name("mlp")
    >>> check_name("mpl")
    Traceback (most recent call last):
        ...
    goingdeep.errors.UnknownNameError: there is no model called 'mpl'
      why:   known: cnn, file.py:function, mlp, resnet, torchvision:NAME
      fix:   did you mean mlp?
      more:  docs/models.md
    """
    if name in NAMES:
        return
    if name.startswith("torchvision:"):
        if name == "torchvision:":
            raise SettingsError(
                "torchvision: expects the name of a model after the colon, got nothing",
                fix="--model torchvision:resnet18",
                more="docs/models.md",
            )
        return
    named = file_and_function(name)
    if named is None:
        known = (*NAMES, "torchvision:NAME", "file.py:function")
        raise UnknownNameError.of("model", name, known, more="docs/models.md")
    path, function = named
    if not function.isidentifier():
        raise SettingsError(
            f"a model from a file expects file.py:function, got {name!r}",
            fix=f"--model {path}:NAME, where NAME is the function in it that gives the model",
            more="docs/models.md",
        )
    if not path.is_file():
        got = "a folder" if path.is_dir() else "nothing there"
        raise SettingsError(
            f"{name} expects a Python file {path}, got {got}",
            where=str(path.absolute()),
            fix="give the path from the folder you are in, or the whole path",
            more="docs/models.md",
        )


def file_and_function(name: str) -> tuple[Path, str] | None:
    """The two halves of `file.py:function`; None for the other kinds of name.

    >>> path, function = file_and_function("nets/small.py:net")
    >>> str(path), function
    ('nets/small.py', 'net')
    >>> file_and_function("mlp")
    """
    path, _, function = name.rpartition(":")  # the last colon: C:\nets\small.py:net has two
    if path.endswith(".py"):
        return Path(os.path.expanduser(path)), function  # noqa: PTH111 - pathlib raises for ~nobody
    if name.endswith(".py"):
        return Path(os.path.expanduser(name)), ""  # noqa: PTH111 - as above
    return None
