"""Take the pictures of the README from a real run: `make pictures`.

Needs Chromium and playwright. Trains for some seconds, writes the page, and photographs the step
player in light and dark, so that what the README shows is what a user gets.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

import goingdeep as gd
from goingdeep.record.reading import read_processes
from goingdeep.view.single import write_page
from goingdeep.view.trace import Trace

PLACE = Path(__file__).parent.parent / "docs" / "pictures"
SIZE = {"width": 1280, "height": 850}
COLOURS = 64
"""A third of the bytes, and nothing that the eye would miss."""

STEP = 512
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-sync"]


def main() -> int:
    """Write docs/pictures/step-player-{light,dark}.png."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("there is no chromium: apt-get install chromium")
        return 1
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        run = gd.train(recipe="quickstart", out=Path(made) / "quickstart")
        [seen] = read_processes(run.path)
        step = max(step for step, look in seen.looks.items() if look.training and step <= STEP)
        page_file = Path(made) / "page.html"
        write_page(Trace(run.path), page_file)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for theme in ("light", "dark"):
            page = browser.new_page(viewport=SIZE, color_scheme=theme, device_scale_factor=1.5)
            page.goto(f"{page_file.as_uri()}#/step/{step}")
            page.get_by_role("button", name="forward").first.click()
            page.keyboard.press("ArrowRight")
            page.locator(".sentence", has_text="Flatten").wait_for()
            page.locator(".pixels.strip").wait_for()
            page.wait_for_timeout(300)
            page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
            page.screenshot(path=PLACE / f"step-player-{theme}.png")
            image = Image.open(PLACE / f"step-player-{theme}.png").convert("RGB")
            image.quantize(COLOURS).save(PLACE / f"step-player-{theme}.png", optimize=True)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
