"""The built page: three files of the package, put together in one where that is asked for."""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from goingdeep.errors import RunError

STYLE = '<link rel="stylesheet" href="page.css">'
SOURCE = '<script type="application/json" id="gd-source">{"kind":"http"}</script>'
PROGRAM = '<script src="page.js"></script>'


@dataclass(frozen=True)
class PageFiles:
    """The page as it was built: its markup, its style and its program."""

    html: str
    css: str
    js: str

    def whole(self, source: str) -> str:
        """All in one file, which the browser is told to let nothing else in.

        Args:
            source: JSON that says where the run is; without a `<` that could end its element.
        """
        assert "<" not in source
        policy = (
            f"default-src 'none'; script-src '{_hash(self.js)}'; style-src '{_hash(self.css)}'; "
            "img-src blob: data:; base-uri 'none'; form-action 'none'; connect-src 'none'"
        )
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        html = self.html
        for old, new in (
            ("<head>", f"<head>\n{meta}"),
            (STYLE, f"<style>{self.css}</style>"),
            (SOURCE, f'<script type="application/json" id="gd-source">{source}</script>'),
            (PROGRAM, f"<script>{self.js}</script>"),
        ):
            before, found, after = html.partition(old)
            assert found, f"page.html has no {old}"
            html = f"{before}{new}{after}"
        return html


@functools.cache
def page_files() -> PageFiles:
    """The files in `page/`.

    Raises:
        RunError: this copy of Going Deep came without them.
    """
    place = files("goingdeep.view") / "page"
    try:
        html, css, js = (
            (place / f"page.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
        )
    except OSError as error:
        raise RunError(
            "the page is missing from this copy of Going Deep",
            where=str(place),
            fix="make web (builds it), or: pip install --force-reinstall goingdeep",
            more="docs/page.md",
        ) from error
    return PageFiles(html, css, js)


def _hash(text: str) -> str:
    """How a policy names a script: the hash of exactly what stands between its tags."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
