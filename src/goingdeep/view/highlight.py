"""Source as pieces of lines, told apart by Python's own tokenizer.

What Python cannot read (a cell with magics, a file cut short) is shown without colours from there on.
"""

from __future__ import annotations

import io
import keyword
import token as kinds
import tokenize
from collections.abc import Iterator

from goingdeep.view.contract import Token, TokenKind

LONGEST_LINE = 400

_KINDS: dict[int, TokenKind] = {
    kinds.STRING: "string",
    kinds.NUMBER: "number",
    kinds.OP: "operator",
    tokenize.COMMENT: "comment",
}
_OF_STRING = {  # Python 3.12 and later tell the parts of an f-string
    getattr(kinds, name)
    for name in ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END")
    if hasattr(kinds, name)
}

Line = tuple[Token, ...]


def highlighted(text: str) -> tuple[Line, ...]:
    r"""The lines of a Python source; joined again, the pieces of a line are the line.

    >>> [(token.k, token.t) for token in highlighted("x=1  # one\n")[0]]
    [('name', 'x'), ('operator', '='), ('number', '1'), ('', '  '), ('comment', '# one')]
    """
    lines = text.splitlines()
    pieces: list[list[Token]] = [[] for _ in lines]
    done = [0] * len(lines)  # characters of each line that stand in a piece
    for row, start, end, kind in _marked(text, lines):
        if start < done[row]:
            continue
        _put(pieces[row], lines[row][done[row] : start], "")
        _put(pieces[row], lines[row][start:end], kind)
        done[row] = end
    for row, line in enumerate(lines):
        _put(pieces[row], line[done[row] :], "")
    return tuple(_clipped(line) for line in pieces)


def _marked(text: str, lines: list[str]) -> Iterator[tuple[int, int, int, TokenKind]]:
    """(row, from, to, kind) of each token, one line at a time; rows count from 0."""
    # Its own idea of a line: splitlines also ends one at a form feed, and Python does not.
    if len(lines) != len(text.split("\n")) - text.endswith("\n"):
        return
    try:
        for found in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = _kind(found)
            (first, start), (last, end) = found.start, found.end
            if not kind:
                continue
            for row in range(first, min(last, len(lines)) + 1):
                line = lines[row - 1]
                yield row - 1, start if row == first else 0, end if row == last else len(line), kind
    except (tokenize.TokenError, SyntaxError, ValueError):
        return


def _kind(found: tokenize.TokenInfo) -> TokenKind:
    if found.type == kinds.NAME:
        return "keyword" if keyword.iskeyword(found.string) else "name"
    if found.type in _OF_STRING:
        return "string"
    return _KINDS.get(found.type, "")


def _put(line: list[Token], text: str, kind: TokenKind) -> None:
    if not text:
        return
    if line and line[-1].k == kind:
        line[-1] = Token(line[-1].t + text, kind)
    else:
        line.append(Token(text, kind))


def _clipped(line: list[Token]) -> Line:
    room = LONGEST_LINE
    kept: list[Token] = []
    for piece in line:
        if len(piece.t) > room:
            kept.append(Token(piece.t[:room] + "…", piece.k))
            break
        kept.append(piece)
        room -= len(piece.t)
    return tuple(kept)
