"""What every source file keeps to."""

from __future__ import annotations

import ast
import re

import pytest
from tests.house.tree import MODULES, ROOT, SOURCE

from goingdeep import errors

LONGEST = 300
LONGER = {
    "record/look.py": "the whole vocabulary of a close look on one page",
    "record/seen.py": "the whole vocabulary of a watcher on one page",
    "watch/lane.py": "one state machine: its parts share every field",
    "watch/table.py": "the one table of hooks, with what each is told",
}
BANNED = {"utils", "helpers", "common", "base", "core", "manager"}


def named(path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_file_is_short_enough_to_read(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST or named(path) in LONGER, f"{lines} lines; split it, or say why not"


def test_every_longer_file_still_is():
    for name in LONGER:
        assert len((SOURCE / name).read_text(encoding="utf-8").splitlines()) > LONGEST, name


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_name_says_what_is_in_it(path):
    parts = {part.strip("_") for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert not parts & BANNED


def public(tree: ast.Module):
    """Every definition that others may use, and the module itself."""
    yield "the module", tree
    waiting = [("", node) for node in tree.body]
    while waiting:
        prefix, node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            special = node.name.startswith("__") and node.name.endswith("__")
            if not special and not node.name.startswith("_"):
                yield prefix + node.name, node
                if isinstance(node, ast.ClassDef):
                    waiting += [(f"{node.name}.", inner) for inner in node.body]


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_everything_public_is_explained(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [name for name, node in public(tree) if not ast.get_docstring(node)] == []


def test_what_is_not_explained_would_be_found():
    tree = ast.parse("'''m'''\nclass A:\n  '''d'''\n  def b(self): ...\ndef _c(): ...")
    assert [name for name, node in public(tree) if not ast.get_docstring(node)] == ["A.b"]


# -------------------------------------------------------------------- errors


def drawn() -> dict[str, tuple[str, str]]:
    """Each class of the drawing: its parent and its builtin."""
    found: dict[str, tuple[str, str]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ([│ ├└─]*)(\w+Error)(?: \((\w+)\))?(?:  +\S|$)", line)
        if match:
            depth = len(match[1]) // 4
            above[depth:] = [match[2]]
            found[match[2]] = (above[depth - 1] if depth else "", match[3] or "")
    return found


def test_every_error_is_drawn_where_it_is():
    classes = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.GoingDeepError)
    }
    actual = {}
    for name, value in classes.items():
        ours = [base.__name__ for base in value.__bases__ if base in classes.values()]
        builtin = [base.__name__ for base in value.__bases__ if base not in classes.values()]
        is_root = value is errors.GoingDeepError
        actual[name] = ("" if is_root else ours[0], "" if is_root else "".join(builtin))
    assert drawn() == actual


def test_every_error_is_a_builtin_one_too():
    for name, (parent, _) in drawn().items():
        if parent:
            lineage = getattr(errors, name).__mro__
            others = [c for c in lineage if c.__module__ == "builtins" and c is not object]
            assert {c.__name__ for c in others} - {"Exception", "BaseException"}, name


# -------------------------------------------------------------------- pointers


def pointers() -> list[tuple[str, str, str]]:
    """(file, keyword, text) of everything that says where to read on, or what to type."""
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.keyword) or node.arg not in {"more", "fix"}:
                continue
            found += [
                (named(path), node.arg, text.value)
                for text in ast.walk(node.value)
                if isinstance(text, ast.Constant) and isinstance(text.value, str)
            ]
    return found


def commands() -> set[str]:
    from goingdeep.cli import app

    names = {name for name in app if not name.startswith("-")}
    return names | {f"data {name}" for name in app["data"] if not name.startswith("-")}


def test_every_page_and_command_that_an_error_names_is_there():
    seen = pointers()
    assert len([1 for _, word, _ in seen if word == "more"]) > 50
    for place, word, text in seen:
        if word == "more" and not text.startswith("gd "):
            page, _, heading = text.partition("#")
            assert text.startswith("https://") or (ROOT / page).is_file(), f"{place}: {text}"
            if heading and not text.startswith("https://"):
                content = (ROOT / page).read_text(encoding="utf-8")
                titles = re.findall(r"^#+ (.+)$", content, flags=re.MULTILINE)
                assert heading in {re.sub(r"\W+", "-", t.lower()).strip("-") for t in titles}


def test_every_command_that_an_error_names_is_there():
    known = commands()
    assert {"train", "resume", "runs", "data show"} <= known
    named_commands = [
        (place, match[1])
        for place, _, text in pointers()
        for match in re.finditer(r"(?:^|: )gd ((?:data )?[a-z]+)", text)
    ]
    assert len(named_commands) > 5
    assert [pair for pair in named_commands if pair[1] not in known] == []
