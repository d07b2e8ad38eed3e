"""The files of the project, as far as git knows them."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "goingdeep"
EXAMPLES = SOURCE / "check" / "rules"


def is_example(path: Path) -> bool:
    """Whether a file is a program that shows a mistake, and no module of ours."""
    if path.parent.name == "programs":  # of a lesson
        return True
    return EXAMPLES in path.parents and path.name not in ("rule.py", "__init__.py")


MODULES = sorted(path for path in SOURCE.rglob("*.py") if not is_example(path))


def text_files() -> list[Path]:
    """Every text file that is, or would be, in the repository; all files where there is no git."""
    try:
        answer = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=ROOT, capture_output=True, check=True,
        )  # fmt: skip
        files = [ROOT / name for name in answer.stdout.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        places = ("src", "tests", "docs", "tools", "bench")
        files = [*ROOT.glob("*"), *(p for place in places for p in (ROOT / place).rglob("*"))]
    return [path for path in files if path.is_file() and b"\0" not in path.read_bytes()[:4096]]
