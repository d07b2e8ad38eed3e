"""Write docs/rules/: a page for each rule, and their list; `--check` says whether they agree."""

from __future__ import annotations

import sys
from pathlib import Path

from goingdeep.check.catalogue import Entry, catalogue, page

DOCS = Path(__file__).parent.parent / "docs" / "rules"
HEAD = "<!-- made by tools/make_rules.py from src/goingdeep/check/rules -->\n\n"


def index(rules: dict[str, Entry]) -> str:
    """The list of all rules."""
    lines = [
        "# The rules of `gd check`",
        "",
        "One page for each mistake: what happens, why it hurts, how to fix it, when it is fine,",
        "and where it really happened. `gd rules NAME` prints the same page.",
        "",
        "| rule | severity | what |",
        "|---|---|---|",
    ]
    for name, entry in rules.items():
        off = "" if entry.rule.on else " (off)"
        lines.append(f"| [{name}]({name}.md) | {entry.rule.severity}{off} | {entry.title} |")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Every page with its text."""
    rules = catalogue()
    found = {DOCS / f"{name}.md": HEAD + page(entry, links=True) for name, entry in rules.items()}
    return {DOCS / "README.md": HEAD + index(rules), **found}


def main() -> int:
    """Write the pages, or with --check name those that differ."""
    wanted = pages()
    there = set(DOCS.glob("*.md")) if DOCS.is_dir() else set()
    stale = sorted(path for path, text in wanted.items() if _read(path) != text)
    stale += sorted(there - wanted.keys())
    for path in stale:
        name = f"docs/rules/{path.name}"
        if "--check" in sys.argv:
            print(f"{name} is not what the code says; run: python tools/make_rules.py")
        elif path in wanted:
            DOCS.mkdir(exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
            print(f"{name} written")
        else:
            path.unlink()
            print(f"{name} removed: there is no such rule")
    return int(bool(stale) and "--check" in sys.argv)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
