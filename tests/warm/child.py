"""A fork begins as Python does, and ends so; see __init__.py."""

import atexit
import io
import os
import runpy
import signal
import sys
import threading
import types
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any, NoReturn


class Warmth:
    """Modules that the parent has imported, and that the fork is given when it imports them.

    A finder: what the program has of the same name goes before, as it does under Python.

    Args:
        bare: names that are there from the start. with_torch: names that come with torch.
    """

    def __init__(self, bare: frozenset[str], with_torch: set[str]) -> None:
        self._bare = bare
        self._with_torch = with_torch
        self._kept: dict[str, types.ModuleType] = {}

    def take(self) -> None:
        """Take all modules away but those of a Python that has just begun."""
        self._kept = {name: one for name, one in sys.modules.items() if name not in self._bare}
        for name in self._kept:
            del sys.modules[name]
        sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Any = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module that the parent has, where it is the one that Python would import now."""
        kept = self._kept.get(name)
        if kept is None or kept.__spec__ is None:
            return None
        for finder in sys.meta_path:
            if not isinstance(finder, Warmth) and not type(finder).__module__.startswith(
                "goingdeep"
            ):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    break
        else:
            return None
        if spec.origin != kept.__spec__.origin:
            return None
        spec.loader = _Given(self, kept)
        return spec

    def give(self, name: str) -> None:
        """Put what is imported with a module where Python keeps its modules."""
        for other, module in self._kept.items():
            if other.startswith(f"{name}.") or (name == "torch" and other in self._with_torch):
                sys.modules.setdefault(other, module)


class _Given:
    """A loader that has loaded already."""

    def __init__(self, warmth: Warmth, module: types.ModuleType) -> None:
        self._warmth = warmth
        self._module = module
        self._spec = module.__spec__

    def create_module(self, _spec: ModuleSpec) -> types.ModuleType:
        return self._module

    def exec_module(self, module: types.ModuleType) -> None:
        module.__spec__ = self._spec
        self._warmth.give(module.__name__)


def begin(
    warmth: Warmth, words: list[str], environment: dict[bytes, bytes], handed: list[int]
) -> NoReturn:
    """Be the Python that was called with these words."""
    *streams, here = handed
    os.fchdir(here)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    for descriptor in handed:
        os.close(descriptor)
    os.environ.clear()
    os.environb.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.__stdout__ = _written(1, line_buffering=os.isatty(1))
    sys.stderr = sys.__stderr__ = _written(2, line_buffering=True, errors="backslashreplace")
    sys.executable = words[0]
    sys.orig_argv = list(words)
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [os.path.abspath(path) for path in paths if path]
    sys.path_importer_cache.clear()
    warmth.take()
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = sys.modules["builtins"]
    code = 0
    try:
        _customized()
        _run(words[1:], main)
    except BaseException as error:
        error.__traceback__ = _of_the_program(error.__traceback__)
        code = _said(error)
    _end(code)


def _written(number: int, **how: Any) -> io.TextIOWrapper:
    at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
    file = open(number, "wb", buffering=0 if at_once else -1, closefd=False)
    return io.TextIOWrapper(file, encoding="utf-8", write_through=at_once, **how)


def _customized() -> None:
    """As Python's `site` does."""
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise


def _run(words: list[str], main: types.ModuleType) -> None:
    """Run a script, or a module (-m), as `__main__`."""
    if words[0].startswith("-m"):
        name, *sys.argv[1:] = words[1:] if words[0] == "-m" else [words[0][2:], *words[1:]]
        sys.argv[0] = "-m"
        sys.path.insert(0, str(Path.cwd()))
        runpy._run_module_as_main(name)
        return
    assert not words[0].startswith("-"), words
    sys.argv = list(words)
    sys.path.insert(0, str(Path(words[0]).resolve().parent))
    file = str(Path(words[0]).absolute())
    loader = SourceFileLoader("__main__", file)
    main.__dict__.update(__file__=file, __cached__=None, __annotations__={}, __loader__=loader)
    exec(compile(Path(file).read_bytes(), file, "exec"), main.__dict__)


def _of_the_program(trace: types.TracebackType | None) -> types.TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def _said(error: BaseException) -> int:
    """Say what ended the program, as Python does; returns its exit code."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    told = type(error), error, error.__traceback__
    sys.last_type, sys.last_value, sys.last_traceback = told
    sys.excepthook(*told)
    return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def _end(code: int) -> NoReturn:
    """End without tearing down torch, which takes as long as importing it."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = code or 120
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
