"""Every screen as a screen reader has it, and some as the eye has it, against what is committed.

`make snapshots` writes them again; look at the difference before you commit it.

Words, structure and shapes are compared, numbers are not: those differ from machine to machine and
have tests of their own. Pictures are compared by the mean colour of their 16x16 blocks, which a lost
style, a wrong theme or a shifted layout changes and another version's antialiasing does not.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from goingdeep.record import answer as answers
from goingdeep.view.single import write_page
from goingdeep.view.trace import Trace

PLACE = Path(__file__).parent / "snapshots"
REMAKE = bool(os.environ.get("REMAKE_SNAPSHOTS"))
MADE_WITH = PLACE / "made-with.json"

# ------------------------------------------------------------------ records with everything in them

ANSWER = answers.Answer(
    topic="zero-grad",
    question="Why zero_grad?",
    short="Gradients add up until they are cleared.",
    replay="An unchanged replay gives the recorded losses.",
    step=2,
    replayed=3,
    see=(
        answers.Text("backward() adds to what is in .grad."),
        answers.Text("optimizer.zero_grad()\nloss.backward()", code=True),
        answers.Table("Norms", ("step", "cleared", "left"), (("1", "0.5", "0.5"), ("2", "0.5", "1.0")), "rrr"),
    ),
    broken=(
        answers.Figure(
            "Without the clear", (answers.Curve("as it is", (1.0, 0.8, 0.6)), answers.Curve("not cleared", (1.0, 0.9, "nan"))),
            xs=(1, 2, 3),
        ),
        answers.Picture("A sample", (1, 1, 2, 2), bytes([0, 80, 160, 255]), ("0",)),
        answers.Failure("In another order", "RuntimeError: no", "line 3", "It is gone."),
    ),
    claims=(answers.ClaimFound("Order does not matter.", "half true", "It does here.", {"factor": 2.0}),),
    places=(answers.Place("clear", "train.py", 7, "optimizer.zero_grad()"),),
    sources=(answers.Reading("PyTorch", "https://docs.pytorch.org/docs/stable/optim.html"),),
    read_next=("nchw",),
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(files, folders, tmp_path_factory) -> dict[str, str]:
    """The records of the other tests, and one with an answer of gd why."""
    place = tmp_path_factory.mktemp("answered")
    folder = shutil.copytree(folders["mlp"], place / "mlp")
    answers.save_answer(folder, ANSWER)
    write_page(Trace(folder), place / "answered.html")
    return {**files, "answered": (place / "answered.html").as_uri()}


def settled(tab, address: str) -> str:
    """Open a screen, and wait until nothing of it changes any more."""
    tab.open(address)
    before = ""
    for _ in range(100):
        now = tab.page.locator("main").aria_snapshot()
        if now == before and "Reading" not in now and tab.page.evaluate(DRAWN):
            return now
        before = now
        tab.page.wait_for_timeout(50)
    raise AssertionError("it goes on changing")


DRAWN = "[...document.querySelectorAll('canvas')].every(one => one.width > 0)"

# ------------------------------------------------------------------ as a screen reader has it

SCREENS = {
    **{
        screen: ("cnn", f"#/{screen}?step=2")
        for screen in (
            "batch", "layers", "loss", "backward", "optimizer", "modes", "curves", "results", "data", "compare",
        )
    },
    "step": ("cnn", "#/step/2/op/4"),
    "step-of-the-update": ("mlp", "#/step/2/op/9"),
    "predict": ("mlp", "#/step/2/op/3?predict=1"),
    "optimizer-with-momentum": ("mlp", "#/optimizer?step=2"),
    "loss-of-nan": ("nan", "#/loss?step=3"),
    "findings": ("finding", "#/findings"),
    "lessons": ("answered", "#/lessons"),
}  # fmt: skip

NUMBER = re.compile(
    r"(?<![\w.×])[-−]?(?:\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+−]?\d+)?|nan|inf)(?![\w.]*[x×]\d)%?", re.IGNORECASE
)  # fmt: skip


def without_numbers(snapshot: str) -> str:
    """Numbers as #, shapes as they are; what is there over and over is there once.

    >>> without_numbers("- cell: 12\\n- cell: -0.31\\n- text: 8x64 at 1e-3")
    '- cell: #   (2 times)\\n- text: 8x64 at #\\n'
    """
    lines: list[tuple[str, int]] = []
    for line in snapshot.splitlines():
        masked = NUMBER.sub("#", line)
        masked = re.sub(r': "#"$', ": #", masked)  # quoted or not, as YAML wants it
        masked = re.sub(
            r": #( #)+$", ": # …", masked
        )  # how many ticks an axis has follows from its numbers
        if lines and lines[-1][0] == masked:
            lines[-1] = masked, lines[-1][1] + 1
        else:
            lines.append((masked, 1))
    return "".join(f"{line}{f'   ({n} times)' if n > 1 else ''}\n" for line, n in lines)


@pytest.mark.parametrize("name", SCREENS)
def test_what_a_screen_reader_has(tab, pages, name):
    record, place = SCREENS[name]
    now = without_numbers(settled(tab, pages[record] + place))
    assert tab.said == []
    path = PLACE / f"{name}.aria.txt"
    if REMAKE:
        path.write_text(now, encoding="utf-8")
    assert now == path.read_text(encoding="utf-8"), "make snapshots"


# ------------------------------------------------------------------ as the eye has it

WIDE = {"viewport": {"width": 1000, "height": 720}, "color_scheme": "light"}
DARK = {**WIDE, "color_scheme": "dark"}
PHONE = {"viewport": {"width": 360, "height": 720}, "color_scheme": "light"}
PICTURES = {
    "step": ("mlp", "#/step/2/op/3", WIDE),
    "step-dark": ("mlp", "#/step/2/op/3", DARK),
    "step-phone": ("mlp", "#/step/2/op/3", PHONE),
    "layers": ("cnn", "#/layers?step=2", WIDE),
    "loss": ("mlp", "#/loss?step=2", WIDE),
    "curves": ("mlp", "#/curves", WIDE),
    "findings": ("finding", "#/findings", DARK),
    "lessons": ("answered", "#/lessons", WIDE),
}
BLOCK = 16
COLOURS = 48
"""Of a committed picture: what is compared are means."""

MOST_APART = 20.0
"""Of 255, the mean colour of a block. A line of text on white is about 40, a digit about 5."""

MOST_BLOCKS = 0.03
MOST_BYTES = 60_000


def blocks(image: Image.Image) -> np.ndarray:
    """f32[h,w,3], the mean colour of each block."""
    pixels = np.asarray(image.convert("RGB"), np.float32)
    h, w = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    cut = pixels[: h * BLOCK, : w * BLOCK]
    return cut.reshape(h, BLOCK, w, BLOCK, 3).mean((1, 3))


def apart(one: Image.Image, other: Image.Image) -> float:
    """The share of blocks that differ."""
    if one.size != other.size:
        return 1.0
    return float((np.abs(blocks(one) - blocks(other)).max(-1) > MOST_APART).mean())


def major(browser) -> str:
    return browser.version.split(".")[0]


@pytest.mark.parametrize(
    ("tab", "name"), [(how, name) for name, (_, _, how) in PICTURES.items()], ids=PICTURES, indirect=["tab"]
)  # fmt: skip
def test_what_the_eye_has(tab, pages, browser, name, tmp_path):
    if (
        "DejaVu"
        not in subprocess.run(
            ["fc-match", "sans-serif"], capture_output=True, text=True, check=False
        ).stdout
    ):
        pytest.skip("the pictures are of the font DejaVu (apt-get install fonts-dejavu-core)")
    record, place, _ = PICTURES[name]
    settled(tab, pages[record] + place)
    tab.page.evaluate(
        "document.querySelector('footer')?.remove(); document.activeElement.blur(); scrollTo(0, 0)"
    )
    now = Image.open(io.BytesIO(tab.page.screenshot(animations="disabled")))
    path = PLACE / f"{name}.png"
    if REMAKE:
        now.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        assert path.stat().st_size <= MOST_BYTES
        MADE_WITH.write_text(json.dumps({"chromium": major(browser)}) + "\n")
    share = apart(Image.open(path), now)
    if share > MOST_BLOCKS:
        now.save(tmp_path / path.name)
        made_with = json.loads(MADE_WITH.read_text())["chromium"]
        if made_with != major(browser):
            pytest.skip(
                f"Chromium {major(browser)} draws {name} differently from {made_with}: make snapshots"
            )
        pytest.fail(
            f"{share:.1%} of {path} differs from {tmp_path / path.name}; if it is meant: make snapshots"
        )


def test_a_broken_page_is_seen(tab, pages):
    """The measure itself: another theme, a lost style and a shift are seen, another digit is not."""
    settled(tab, pages["mlp"] + "#/step/2/op/3")
    take = lambda: Image.open(io.BytesIO(tab.page.screenshot(animations="disabled")))  # noqa: E731
    own = take()
    assert apart(own, take()) == 0
    tab.page.evaluate("document.querySelector('.sentence').firstChild.data += '7'")
    assert apart(own, take()) <= MOST_BLOCKS
    tab.page.evaluate("document.body.style.paddingTop = '24px'")
    assert apart(own, take()) > MOST_BLOCKS
    tab.page.evaluate(
        "document.body.style.paddingTop = ''; document.documentElement.dataset.theme = 'dark'"
    )
    assert apart(own, take()) > MOST_BLOCKS
    tab.page.evaluate(
        "document.documentElement.dataset.theme = 'light'; document.styleSheets[0].disabled = true"
    )
    assert apart(own, take()) > MOST_BLOCKS


def test_the_committed_are_those_that_are_compared():
    committed = {path.name for path in PLACE.iterdir()}
    wanted = {*(f"{name}.aria.txt" for name in SCREENS), *(f"{name}.png" for name in PICTURES)}
    assert committed == wanted | {MADE_WITH.name}
    assert len(PICTURES) <= 8
    assert all(path.stat().st_size <= MOST_BYTES for path in PLACE.iterdir())
