"""The user's source as it is now, beside what was recorded: comments that accept a finding.

    loss.backward()  # gd: ignore[grads-not-cleared]

on the finding's own line, or on the line before it. Only a real comment counts, not a string.
"""

from __future__ import annotations

import ast
import functools
import io
import os
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from goingdeep.check.report import Report
from goingdeep.check.rule import Finding
from goingdeep.errors import UnknownNameError

LARGEST = 4 << 20
"""Bytes of a source file that is read; a larger one is data."""

IGNORE = re.compile(r"#\s*gd:\s*ignore\s*(?:\[([^\]]*)\])?")


@dataclass
class Ignore:
    """One comment. names: the rules it accepts; empty where it names none."""

    file: str
    line: int
    names: tuple[str, ...]
    used: set[str] = field(default_factory=set)


class Source:
    """The files that findings point to, read once."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, ...] | None] = {}
        self._ignores: dict[str, list[Ignore]] = {}
        self._trees: dict[str, ast.Module | None] = {}

    def lines(self, file: str) -> tuple[str, ...] | None:
        """The lines of a file as it is now; None where it cannot be read."""
        if file not in self._files:
            self._files[file] = _read(file)
        return self._files[file]

    def tree(self, file: str) -> ast.Module | None:
        """The syntax tree of a file as it is now; None where it has none."""
        if file not in self._trees:
            lines = self.lines(file)
            try:
                self._trees[file] = None if lines is None else ast.parse("\n".join(lines))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[file] = None
        return self._trees[file]

    def state(self, finding: Finding) -> str:
        """What is to be said of the place: "" where the line still is what was recorded."""
        if not finding.file or finding.line < 1 or finding.file.startswith("<"):
            return ""
        if self.lines(finding.file) is None:
            return "the file is gone; the line is as it was recorded"
        if self.stale(finding.file, finding.line, finding.source):
            return "the file has changed since; the line is as it was recorded"
        return ""

    def stale(self, file: str, line: int, recorded: str) -> bool:
        """Whether a line is no more what was recorded, or cannot be read."""
        lines = self.lines(file)
        if lines is None:
            return True
        now = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        # A long line was recorded by its beginning.
        return bool(recorded) and not now.startswith(recorded)

    def ignores(self, file: str) -> list[Ignore]:
        """The comments of a file that accept findings."""
        if file not in self._ignores:
            self._ignores[file] = list(_comments(file, self.lines(file) or ()))
        return self._ignores[file]

    def accepted(self, finding: Finding) -> bool:
        """Whether a comment accepts a finding. Changes: the comment, which is used now."""
        if not self.state(finding):
            for comment in self.ignores(finding.file):
                if (
                    comment.line in (finding.line, finding.line - 1)
                    and finding.rule in comment.names
                ):
                    comment.used.add(finding.rule)
                    return True
        # The recorded line holds its own comment, whatever became of the file.
        return any(finding.rule in names for _, names in _in_text(finding.source))


def apply_ignores(
    report: Report, files: Iterable[str], rules: Iterable[str], source: Source | None = None
) -> None:
    """Take out what comments accept, and say which comments accept nothing.

    Args:
        report: changed in place. files: every source file that the record names.
        rules: names of all rules.
    """
    source = source or Source()
    kept = []
    for finding in report.findings:
        if finding.file and source.accepted(finding):
            report.ignored.append(finding)
        else:
            kept.append(msgspec.structs.replace(finding, note=source.state(finding)))
    report.findings = kept
    known = set(rules)
    silent = set(report.silenced) | set(report.not_checked)
    for file in sorted(set(files)):
        for comment in source.ignores(file):
            place = f"{short(file)}:{comment.line}"
            if not comment.names:
                report.notes.append(f"{place}: `gd: ignore` names no rule; write gd: ignore[RULE]")
            for name in comment.names:
                if name not in known:
                    unknown = UnknownNameError.of("rule", name, known)
                    report.notes.append(f"{place}: {unknown.message}; {unknown.fix}"[:200])
                elif name not in comment.used and name not in silent:
                    report.notes.append(f"{place}: gd: ignore[{name}] is not used")


@functools.cache
def short(file: str) -> str:
    """A file as people would type it: relative to the current folder where it lies below it."""
    if file.startswith("<"):
        return file
    try:
        relative = os.path.relpath(file)
    except (ValueError, OSError):
        return file
    return file if relative.startswith("..") else relative


def _read(file: str) -> tuple[str, ...] | None:
    # The name comes from a record that anyone could have written: only ordinary files are read.
    path = Path(file)
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        content = path.read_bytes()
    except (OSError, ValueError):
        return None
    # As Python reads it: a comment may name the encoding, and a form feed begins no new line.
    try:
        text = content.decode(_encoding(content), errors="replace")
    # A codec may be none of text (rot13), or know no "replace".
    except (LookupError, UnicodeError):
        text = content.decode("utf-8", errors="replace")
    text = text.removeprefix("\ufeff")
    lines = re.split(r"\r\n|\r|\n", text)
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _encoding(content: bytes) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    except (SyntaxError, UnicodeError):
        return "utf-8"


def _comments(file: str, lines: tuple[str, ...]) -> Iterator[Ignore]:
    if not any("gd:" in line for line in lines):
        return
    for line, names in _in_text("\n".join(lines) + "\n"):
        yield Ignore(file, line, names)


def _in_text(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line, rules) of each ignoring comment in a piece of source, whole or not."""
    if "gd:" not in text:
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            match = IGNORE.search(token.string) if token.type == tokenize.COMMENT else None
            if match:
                names = (match[1] or "").split(",")
                yield token.start[0], tuple(name.strip() for name in names if name.strip())
    except (tokenize.TokenError, SyntaxError):
        return  # a piece of a statement: its comments came before the error
