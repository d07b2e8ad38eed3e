"""A real Chromium, and pages with real records in it.

Where there is no browser these tests are skipped; in CI they fail.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from goingdeep.view import server
from goingdeep.view.page_files import page_files
from goingdeep.view.single import write_page
from goingdeep.view.trace import Trace
from tests.browser.records import PROGRAMS, record

FLAGS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-color-profile=srgb", "--font-render-hinting=none",
]  # fmt: skip
TOKEN = "t" * 43
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


def _missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


# While Playwright is open an event loop runs in this thread, which others (notebooks) cannot bear:
# it ends with each file of tests.
@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        _missing("there is no chromium (apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api")
    api.expect.set_options(timeout=15_000)
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        _missing("there is no axe-core (make web)")
    return AXE.read_text(encoding="utf-8")


# A `toggle` event comes after what opened it, and the page draws what it asks for after that.
UNFOLD = """() => Promise.all([...document.querySelectorAll('details:not([open])')].map(one =>
    new Promise(said => { one.addEventListener('toggle', said, { once: true }); one.open = true; })))"""


class Watched:
    """A tab in which everything that must not happen is written down."""

    def __init__(self, page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.said: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))

    def open(self, address: str) -> None:
        self.page.goto("about:blank")
        self.requests.clear()
        self.page.goto(address)
        self.page.wait_for_selector("#gd-screen")

    def unfold(self) -> None:
        """Open everything that folds, and wait until each has said so: some are filled only then."""
        self.page.evaluate(UNFOLD)


@pytest.fixture
def tab(browser, request) -> Iterator[Watched]:
    """A fresh tab; `@pytest.mark.parametrize("tab", [{...}], indirect=True)` sets its options."""
    options = {"viewport": {"width": 1400, "height": 900}, **getattr(request, "param", {})}
    context = browser.new_context(**options)
    context.set_default_timeout(15_000)
    yield Watched(context.new_page())
    context.close()


@pytest.fixture(scope="session")
def folders(tmp_path_factory, warm_python) -> dict[str, Path]:
    """The four records, by name; not to be written to. One process makes them for all."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "records"
    place.mkdir(exist_ok=True)
    known = place / "folders.json"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not known.exists():
            made = {name: str(record(name, place, warm_python)) for name in PROGRAMS}
            known.write_text(json.dumps(made))
    return {name: Path(folder) for name, folder in json.loads(known.read_text()).items()}


@pytest.fixture(scope="session")
def files(folders, tmp_path_factory) -> dict[str, str]:
    """Each record as one file, by its address."""
    place = tmp_path_factory.mktemp("pages")
    for name, folder in folders.items():
        write_page(Trace(folder), place / f"{name}.html")
    return {name: (place / f"{name}.html").as_uri() for name in folders}


@contextmanager
def serving(folder: Path, other: Path | None = None) -> Iterator[str]:
    """The real server on a run, and the address that it would print."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        ready = threading.Event()
        hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]
        trace = Trace(folder, live=True, other=other)
        app = server.application(trace, hosts, TOKEN, page_files(), neighbours=True)
        made = server.made(app, ready.set)
        thread = threading.Thread(target=made.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        assert ready.wait(10)
        try:
            yield f"http://127.0.0.1:{port}/#/?token={TOKEN}"
        finally:
            made.should_exit = True
            thread.join(10)
            assert not thread.is_alive()
