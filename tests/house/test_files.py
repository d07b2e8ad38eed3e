"""Pages, licences and what must not stand in the tree."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from tests.house.tree import ROOT, SOURCE, text_files

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"])
def test_the_page_is_there(name):
    assert len((ROOT / name).read_text(encoding="utf-8")) > 200


def test_the_tables_in_the_docs_are_what_the_code_says():
    answer = subprocess.run(
        [sys.executable, "tools/make_docs.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (answer.stdout, answer.stderr, answer.returncode) == ("", "", 0)


def test_the_types_of_the_page_are_what_the_structs_say():
    answer = subprocess.run(
        [sys.executable, "tools/make_types.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (answer.stdout, answer.stderr, answer.returncode) == ("", "", 0)


def test_the_tables_are_in_the_docs():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
    for name in ("recipes", "settings", "events"):
        assert text.count(f"<!-- made by tools/make_docs.py: {name} -->\n|") == 1


def test_every_page_is_linked():
    start = [ROOT / "README.md", ROOT / "docs" / "ARCHITECTURE.md"]
    linked, waiting = set(), list(start)
    while waiting:
        page = waiting.pop()
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            if path not in linked and path.suffix == ".md" and path.is_file():
                linked.add(path)
                waiting.append(path)
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page not in start}
    assert {page.name for page in pages if page.resolve() not in linked} == set()


def test_no_link_is_broken():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_data_in_the_package_has_its_licence_beside_it():
    code = {".py", ".typed", ".pyc"}
    places = {p.parent for p in SOURCE.rglob("*") if p.is_file() and p.suffix not in code}
    places = {place for place in places if "__pycache__" not in place.parts}
    assert SOURCE / "data" / "sample" in places
    for place in places:
        assert "licen" in (place / "LICENSE").read_text(encoding="utf-8").lower(), place


# Written in pieces, or this file would find itself.
FOREIGN = {
    "a package index": r"index[-_]url|trusted[-_]host|[:/]\d{4,5}/simple\b|arti" + "factory",
    "a registry's host": r"py" + r"pi\.(?:org|io)|python" + r"hosted|npm" + r"js\.(?:org|com)",
    "a home folder": r"/ho" + r"me/\w|/Us" + r"ers/\w|/ro" + r"ot/\w|C:\\\\?Us" + "ers",
    "a place on the machine it was written on": r"/wo" + r"rk/\w|/tmp/pytest-",
    "an address in a private network": r"\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d+\.\d+\.\d+\b",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_in_the_tree_names(what):
    pattern = re.compile(FOREIGN[what], flags=re.IGNORECASE)
    files = [path for path in text_files() if path.name != "test_files.py"]
    assert len(files) > 100
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        if (match := pattern.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert found == []
