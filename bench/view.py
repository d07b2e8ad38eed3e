"""How fast the page of `gd view` is, and what looking at a training costs it. In a real Chromium.

page      a record of a million steps (watched/simulate.py): the size of its file, and how long it
          takes from opening it until a key is answered; from operation to operation, step to step
live      a training goes on while its page is open: from a step that is done, and from its line in
          the record, until its number is on the page
cost      the same training, by turns with the page open and closed: its time and processor time,
          and the processor time of the server
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import check_speed
import measure
from measure import Goal, median

PARTS = ("page", "live", "cost")
TRAINING = measure.HERE / "viewed" / "training.py"
ADDRESS = re.compile(r"http://\S+")
FLAGS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
OPENED = """
const sentence = () => document.querySelector('.anatomy-panel .sentence')?.textContent;
const press = () => document.body.dispatchEvent(
    new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true}));
window.opened = new Promise((done) => {
    const look = () => {
        const first = sentence(), shown = performance.now();
        if (!first) return requestAnimationFrame(look);
        press();
        const wait = () => sentence() === first
            ? requestAnimationFrame(wait) : done({shown, answered: performance.now()});
        wait();
    };
    requestAnimationFrame(look);
});
"""
"""From the navigation on: until there is an operation, and until it answers a key with the next."""

PRESSED = """async ([key, times]) => {
    const walk = () => document.querySelector('header .steps select')?.value +
        document.querySelector('.anatomy-panel')?.textContent;
    const painted = () => new Promise(
        done => requestAnimationFrame(() => { const c = new MessageChannel();
            c.port1.onmessage = done; c.port2.postMessage(0); }));
    const took = [];
    for (let i = 0; i < times; i++) {
        const before = walk(), began = performance.now();
        document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
        do { await painted(); } while (walk() === before && performance.now() - began < 500);
        if (walk() === before) break;  // the last one
        took.push(performance.now() - began);
    }
    return took;
}"""
"""Milliseconds from each key until what it leads to has been painted."""

FOLLOWED = """
window.shownAt = [];
new MutationObserver(() => {
    const digits = document.querySelector('.live')?.textContent.replace(/\\D/g, '');
    if (digits && Number(digits) !== window.shownAt.at(-1)?.[1])
        window.shownAt.push([Date.now() / 1000, Number(digits)]);
}).observe(document, {subtree: true, childList: true, characterData: true});
"""
"""When which number of steps came onto the page."""


class View:
    """`gd view` on a run, in a process of its own."""

    def __init__(self, run: Path) -> None:
        gd = measure.gd_command() or "gd"
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [gd, "view", str(run), "--no-open"], cwd=run.parent, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        line = _first_line(self.process)
        self.start_seconds = time.perf_counter() - began
        self.address = ADDRESS.findall(line)[0]

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)


class Training:
    """viewed/training.py under `gd run`: does as many steps as it is told."""

    def __init__(self, place: Path) -> None:
        gd = measure.gd_command() or "gd"
        self.folder = place / "run"
        self.process = subprocess.Popen(
            [gd, "run", "--quiet", "--no-report", "--out", str(self.folder), str(TRAINING)], cwd=place,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self, steps: int) -> None:
        """Let it train some steps."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()

    def told(self) -> dict[str, Any]:
        """What it says of them, when they are done."""
        return dict(json.loads(_first_line(self.process)))

    def train(self, steps: int) -> dict[str, Any]:
        self.start(steps)
        return self.told()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        sys.exit(f"{process.args[1]} ended with exit code {process.wait(60)}")  # type: ignore[index]
    return line


@contextmanager
def chromium() -> Iterator[Any]:
    """The system's own browser."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("there is no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def new_page(browser: Any, script: str) -> Any:
    """A tab in which a script of ours runs before the page's own."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.add_init_script(f"(() => {{{script}}})()")
    return page


# The parts --------------------------------------------------------------------------------------


def opened(browser: Any, address: str, repeats: int) -> dict[str, float]:
    """Open a page some times, each in a new tab; medians in seconds."""
    found = []
    for _ in range(repeats + 1):
        page = new_page(browser, OPENED)
        page.goto(address, wait_until="commit")
        found.append(page.evaluate("window.opened"))
        page.close()
    # The first reads from disk.
    return {name: median(one[name] / 1000 for one in found[1:]) for name in found[0]}


def measure_page(browser: Any, place: Path, *, quick: bool) -> dict[str, Any]:
    """The page of a million steps, as one file and served."""
    record = check_speed.make_record(place, 50_000 if quick else 1_000_000)
    file, gd = place / "page.html", measure.gd_command() or "gd"
    child = measure.run_child([gd, "view", str(record), "--html", str(file)], place)
    if child.code != 0:
        sys.exit(f"gd view --html ended with exit code {child.code}: {child.why}")
    repeats = 1 if quick else 5
    found: dict[str, Any] = {
        "bytes": file.stat().st_size, "written_seconds": child.wall, "written_cpu": child.cpu,
        "file": opened(browser, file.as_uri(), repeats),
    }  # fmt: skip
    with View(record) as view:
        found["start_seconds"] = view.start_seconds
        found["served"] = opened(browser, view.address, repeats)
    page = new_page(browser, "")
    page.goto(file.as_uri())
    page.wait_for_selector(".anatomy-panel .sentence")
    for name, key in (("operation", "ArrowRight"), ("step", "PageDown")):
        page.evaluate(PRESSED, [key, 2])
        found[name] = page.evaluate(PRESSED, [key, 40])
    page.close()
    return found


class Lines:
    """When which step came into the record, as somebody sees it who reads along."""

    def __init__(self, path: Path) -> None:
        self._path, self._end = path, threading.Event()
        self.at: list[tuple[float, int]] = []
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def _follow(self) -> None:
        with self._path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            while not self._end.wait(0.005):
                for line in file:
                    self.at.append((time.time(), json.loads(line).get("step", 0)))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def measure_live(browser: Any, place: Path, *, quick: bool) -> dict[str, Any]:
    """How old what the page shows is: seconds since each step was done, and since it was written."""
    with Training(place) as training:
        before = training.train(200)["done"]
        with View(training.folder) as view, Lines(training.folder / "events.jsonl") as lines:
            page = new_page(browser, FOLLOWED)
            page.goto(view.address)
            page.wait_for_selector(".live")
            training.start(2_000 if quick else 10_000)
            done = training.told()["done"]
            page.wait_for_timeout(2_500)
            shown = page.evaluate("window.shownAt")
            page.close()
    first, last = len(before), shown[-1][1]
    steps = [(at, n) for n, at in enumerate(done, first + 1) if n <= last]
    # Of every step: most numbers never stand there, since a later one does when the page looks.
    from_done = _delays(steps, shown)
    from_written = _delays([(at, n) for at, n in lines.at if first < n <= last], shown)
    return {
        "done": from_done, "written": from_written, "changes": len(shown), "of_steps": len(from_done),
    }  # fmt: skip


def _delays(events: list[tuple[float, int]], shown: list[tuple[float, int]]) -> list[float]:
    """Of each (time, step), in order: until the page showed that step or a later one."""
    found, place = [], 0
    for at, step in events:
        while shown[place][1] < step:
            place += 1
        found.append(shown[place][0] - at)
    return found


def measure_cost(browser: Any, place: Path, *, quick: bool) -> list[dict[str, float]]:
    """Epochs by turns with the page closed and open, the order changing from pair to pair."""
    steps, pairs = (400, 1) if quick else (1_600, 12)
    found = []
    with Training(place) as training:
        training.train(steps)
        with View(training.folder) as view:
            page = new_page(browser, "")
            for number in range(pairs):
                pair: dict[str, float] = {}
                for how in ("open", "closed")[:: -1 if number % 2 else 1]:
                    page.goto(view.address if how == "open" else "about:blank")
                    if how == "open":
                        page.wait_for_selector(".live")
                    page.wait_for_timeout(500)
                    before = view.cpu()
                    told = training.train(steps)
                    pair[f"{how}_seconds"], pair[f"{how}_cpu"] = told["seconds"], told["cpu"]
                    pair[f"{how}_server"] = view.cpu() - before
                found.append(pair)
            page.close()
    return found


def worst(values: list[float]) -> float:
    """All but one in a hundred are below it."""
    return sorted(values)[int(0.99 * (len(values) - 1))] if values else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="small and once, nothing written")
    args = parser.parse_args()
    measure.describe()
    results: dict[str, Any] = {}
    parts = {"page": measure_page, "live": measure_live, "cost": measure_cost}
    goals: list[Goal] = []
    with chromium() as browser:
        version = browser.version
        for name in args.only.split(","):
            with tempfile.TemporaryDirectory() as folder:
                results[name] = parts[name](browser, Path(folder), quick=args.quick)
            goals += SAID[name](results[name])
    measure.print_goals(goals)
    if not args.quick:
        measure.write_results("view", goals, chromium=version, **results)


def say_page(found: dict[str, Any]) -> list[Goal]:
    rows = [
        [name, f"{found[name]['shown']:.2f}", f"{found[name]['answered']:.2f}"]
        for name in ("file", "served")
    ]
    measure.print_table(["a million steps, seconds until", "shown", "a key is answered"], rows)
    print(
        f"the file: {found['bytes'] / 1e6:.2f} MB, written in {found['written_seconds']:.1f} s; "
        f"gd view answers after {found['start_seconds']:.1f} s"
    )
    rows = [
        [name, f"{median(found[name]):.0f}", f"{worst(found[name]):.0f}", str(len(found[name]))]
        for name in ("operation", "step")
    ]
    measure.print_table(["from one to the next, ms", "median", "99 %", "times"], rows)
    return [
        Goal("a million steps: interactive, s", found["file"]["answered"], 1.0),
        Goal("the same, served, s", found["served"]["answered"], 1.0),
        Goal("its file, MB", found["bytes"] / 1e6, 4.0),
        Goal("step to step, ms", worst(found["step"]), 50.0),
        Goal("operation to operation, ms", worst(found["operation"]), 50.0),
    ]


def say_live(found: dict[str, Any]) -> list[Goal]:
    rows = [
        [name, f"{median(found[name]):.2f}", f"{worst(found[name]):.2f}", f"{max(found[name]):.2f}"]
        for name in ("done", "written")
    ]
    measure.print_table(["on the page, seconds after it was", "median", "99 %", "longest"], rows)
    return [Goal("a new step is on the page, s after it was done", max(found["done"]), 2.0)]


def say_cost(found: list[dict[str, float]]) -> list[Goal]:
    ratios = {
        name: median(pair[f"open_{name}"] / pair[f"closed_{name}"] for pair in found)
        for name in ("seconds", "cpu")
    }
    server = median(pair["open_server"] / pair["open_seconds"] for pair in found)
    rows = []
    for key, name in (("seconds", "seconds"), ("cpu", "its CPU"), ("server", "the server's CPU")):
        both = [median(pair[f"{how}_{key}"] for pair in found) for how in ("closed", "open")]
        rows.append([name, *(f"{value:.3f}" for value in both)])
    measure.print_table(["an epoch with the page", "closed", "open"], rows)
    return [
        Goal("an epoch with the page open, ratio", ratios["seconds"], 1.01),
        Goal("the same, its processor time", ratios["cpu"], 1.01),
        Goal("the server's processor time a second of training", server, 0.01),
    ]


SAID = {"page": say_page, "live": say_live, "cost": say_cost}


if __name__ == "__main__":
    main()
