"""Being told of an import: the module is whole, and nothing about the import is different."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import subprocess
import sys
import zipfile

import pytest

from goingdeep.watch.program.imports import when_imported

NAME = "goingdeep_test_module"
CODE = "import sys\nloader_then = __spec__.loader\nfinders_then = list(sys.meta_path)\nlast = 1\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with one module in it, which is not imported."""
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / f"{NAME}.py").write_text(CODE)
    monkeypatch.syspath_prepend(folder)
    before = list(sys.meta_path)
    yield folder
    sys.modules.pop(NAME, None)
    assert sys.meta_path == before


def test_the_call_comes_when_the_module_is_whole_and_before_the_import_returns(place):
    order = []
    when_imported(NAME, lambda: order.append(sys.modules[NAME].last))
    order.append(importlib.import_module(NAME).__name__)
    assert order == [1, NAME]


def test_it_comes_once(place):
    told = []
    when_imported(NAME, lambda: told.append(1))
    module = importlib.import_module(NAME)
    importlib.import_module(NAME)
    importlib.reload(module)
    assert told == [1]


def test_it_comes_at_once_where_the_module_is_there(place):
    importlib.import_module(NAME)
    told = []
    leave = when_imported(NAME, lambda: told.append(1))
    leave()
    assert told == [1]


def test_the_module_is_the_same_as_without_us(place):
    plain = importlib.import_module(NAME)
    del sys.modules[NAME]
    when_imported(NAME, lambda: None)
    module = importlib.import_module(NAME)
    assert type(module.__spec__.loader) is type(plain.__spec__.loader)
    assert module.__loader__ is module.__spec__.loader is module.loader_then
    assert vars(module.__loader__) == vars(plain.__loader__)
    assert (module.__file__, module.__spec__) == (plain.__file__, plain.__spec__)
    assert vars(module).keys() == vars(plain).keys()


def test_after_it_no_finder_of_ours_is_left(place):
    before = list(sys.meta_path)
    when_imported(NAME, lambda: None)
    assert len(sys.meta_path) == len(before) + 1
    importlib.import_module(NAME)
    assert sys.meta_path == before


def test_a_request_can_be_taken_back(place):
    told = []
    leave = when_imported(NAME, lambda: told.append(1))
    leave()
    leave()
    importlib.import_module(NAME)
    assert told == []


def test_looking_for_the_module_is_not_importing_it(place):
    told = []
    leave = when_imported(NAME, lambda: told.append(1))
    assert importlib.util.find_spec(NAME).name == NAME
    assert importlib.util.find_spec("goingdeep_no_such_module") is None
    assert told == []
    importlib.import_module(NAME)
    assert told == [1]
    leave()


def test_an_import_that_fails_can_be_tried_again(place):
    told = []
    (place / f"{NAME}.py").write_text("raise ImportError('not yet')")
    when_imported(NAME, lambda: told.append(1))
    with pytest.raises(ImportError, match="not yet"):
        importlib.import_module(NAME)
    assert told == []
    (place / f"{NAME}.py").write_text(CODE + "# longer, so that no cached bytecode is taken\n")
    importlib.invalidate_caches()
    importlib.import_module(NAME)
    assert told == [1]


def test_a_module_that_is_not_there_stays_not_there(place):
    leave = when_imported("goingdeep_no_such_module", lambda: None)
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("goingdeep_no_such_module")
    assert caught.value.name == "goingdeep_no_such_module"
    leave()


def test_several_may_wait_for_the_same_module(place):
    told = []
    for number in range(3):
        when_imported(NAME, lambda number=number: told.append(number))
    importlib.import_module(NAME)
    assert sorted(told) == [0, 1, 2]


def test_a_module_in_a_zip_archive_and_a_package(tmp_path, monkeypatch):
    archive = tmp_path / "place.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(f"{NAME}/__init__.py", CODE)
        file.writestr(f"{NAME}/inner.py", "")
    monkeypatch.syspath_prepend(archive)
    told = []
    when_imported(NAME, lambda: told.append(sys.modules[NAME].last))
    importlib.import_module(f"{NAME}.inner")
    assert told == [1]
    for name in (NAME, f"{NAME}.inner"):
        del sys.modules[name]


def test_finders_of_others_still_work(place, monkeypatch):
    class Own:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name != NAME:
                return None
            return importlib.util.spec_from_loader(NAME, Loader())

    class Loader:
        __slots__ = ()  # nothing can be set on it

        def create_module(self, spec):
            return None

        def exec_module(self, module):
            module.last = "theirs"

    class Old:
        """Without find_spec, as finders once were."""

    told = []
    with monkeypatch.context() as patch:
        patch.setattr(sys, "meta_path", [Old(), Own(), *sys.meta_path])
        when_imported(NAME, lambda: told.append(1))
        assert importlib.import_module(NAME).last == "theirs"
    assert told == []  # not told, and nothing broken


def test_a_child_of_a_fork_is_not_told(place):
    script = (
        "import os, sys\n"
        f"sys.path.insert(0, {str(place)!r})\n"
        "from goingdeep.watch.program.imports import when_imported\n"
        f"when_imported({NAME!r}, lambda: os.write(1, b'told'))\n"
        "if os.fork() == 0:\n"
        f"    import {NAME}\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "os.write(1, b'parent ')\n"
        f"import {NAME}\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"parent told"


def test_it_imports_only_what_every_python_has_at_its_start():
    script = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from goingdeep import watched\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    new = set(ast.literal_eval(done.stdout))
    assert {name for name in new if not name.startswith("goingdeep")} <= {"__future__", "atexit"}
