"""A model from the user's own file: `file.py:function`.

The file is run as it is now, from its text: no cached bytecode is read or left beside it. Modules
that lie in the same folder can be imported while it runs; sys.path is afterwards as it was.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from torch import nn

from goingdeep.errors import SettingsError
from goingdeep.models._names import check_name, file_and_function
from goingdeep.models._trial import one_line

_SIGNATURE = "(channels, height, width, classes)"


def from_file(
    name: str, channels: int, height: int, width: int, classes: int
) -> tuple[nn.Module, str]:
    """Run the file and call its function.

    Returns:
        The model, and the place of the function ("net.py, line 7") for later errors.
    Raises:
        SettingsError: no such file or function, the code fails, or what it gives is no model;
            shows the line of the user's file.
    Changes:
        sys.modules: the file stays loaded under a name of ours, because dataclasses, pickle and
        typing look a class's module up there. Whatever the user's code does.
    """
    check_name(name)
    path, function_name = file_and_function(name) or (Path(), "")
    path = path.resolve()
    with _importable(path.parent):
        module = _load(name, path)
        function = _function(name, path, module, function_name)
        place = _place(path, function)
        try:
            model = function(channels, height, width, classes)
        except (Exception, SystemExit) as error:
            raise _failed(name, path, error) from error
    if isinstance(model, nn.Module):
        return model, place
    is_class = inspect.isclass(model) and issubclass(model, nn.Module)
    got = f"the class {model.__name__}" if is_class else type(model).__name__
    raise SettingsError(
        f"{name} expects to return a torch.nn.Module, got {got}",
        where=place,
        why="there is no `return` in it, or it returns None" if model is None else "",
        fix=f"return {model.__name__}(...)" if is_class else "return the model",
        more="docs/models.md",
    )


class _FromText(SourceFileLoader):
    """Compiles the text each time: a cached file is stale when two edits fall into one second."""

    def get_code(self, fullname: str) -> CodeType:
        _ = fullname
        return self.source_to_code(self.get_data(self.path), self.path)


def _load(name: str, path: Path) -> ModuleType:
    module_name = f"goingdeep_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(
        module_name, path, loader=_FromText(module_name, str(path))
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        raise _failed(name, path, error) from error
    return module


def _function(name: str, path: Path, module: ModuleType, wanted: str) -> Callable[..., Any]:
    function = getattr(module, wanted, None)
    if function is None:
        own = [
            n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__
        ]
        raise SettingsError(
            f"{name} expects a function {wanted!r} in {path.name}, got none of that name",
            where=str(path),
            why=f"it has: {', '.join(own)}" if own else "it has no function",
            fix=f"def {wanted}{_SIGNATURE}: ...",
            more="docs/models.md",
        )
    if not callable(function) or isinstance(function, nn.Module):
        raise SettingsError(
            f"{name} expects a function, got {type(function).__name__}",
            where=str(path),
            why="the sizes are known only when the data is read, so the model is made then",
            fix=f"def {wanted}{_SIGNATURE}: return ...",
            more="docs/models.md",
        )
    try:
        inspect.signature(function).bind(0, 0, 0, 0)
    except TypeError:
        raise SettingsError(
            f"{name} expects a function of {_SIGNATURE}, got {inspect.signature(function)}",
            where=_place(path, function),
            fix=f"def {wanted}{_SIGNATURE}: ...",
            more="docs/models.md",
        ) from None
    except ValueError:  # a callable written in C has no signature; calling it will tell
        pass
    return function  # type: ignore[no-any-return]


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let the file import its neighbours, as it could if it were run as a script."""
    entry = str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)


def _place(path: Path, function: Callable[..., Any]) -> str:
    try:
        return f"{path}, line {inspect.getsourcelines(function)[1]}"
    except (OSError, TypeError):
        return str(path)


def _failed(name: str, path: Path, error: BaseException) -> SettingsError:
    """Show the last line of the user's own folder that ran; deeper ones are in torch."""
    where = str(path)
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}, line {error.lineno}: {(error.text or '').strip()}"
    else:
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).parent == path.parent
        ]
        if own:
            where = f"{own[-1].filename}, line {own[-1].lineno}: {own[-1].line}"
    return SettingsError(f"{name} failed: {one_line(error)}", where=where, more="docs/models.md")
