"""Puts the parts together, once, for the command, Python and tests.

Every function here is one thing a user does. torch is imported inside, after the run folder exists.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goingdeep.errors import (
    GoingDeepError,
    RunBusyError,
    RunFormatError,
    RunNotFoundError,
    UnknownNameError,
    printable,
)
from goingdeep.record import (
    EventLog,
    Manifest,
    find_run,
    is_live,
    list_runs,
    read_events,
    read_manifest,
    read_result,
)
from goingdeep.record.runs import is_saved, slug, take_back
from goingdeep.terminal import refuse_existing
from goingdeep.train.again import again, read_run, read_training
from goingdeep.train.conduct import Announce, conduct
from goingdeep.train.settings import Settings, Value, build, check, resolve
from goingdeep.train.start import Progress, Source, begin, choose_settings
from goingdeep.viewed import notebook_html, write_report

if TYPE_CHECKING:
    from goingdeep.train.saved import Classifier, Predictions

DEFAULT_DATA = "fashion-mnist-sample"


@dataclass(frozen=True)
class Run:
    """A run folder and what is known of it.

    path: the folder. result: what `result.json` says; None while the run is not finished.
    """

    path: Path
    manifest: Manifest
    result: dict[str, Any] | None

    @property
    def accuracy(self) -> float:
        """Share of the test part that is classified rightly, 0 to 1."""
        if self.result is None:
            raise RunFormatError(f"{self.path} is not finished", fix=f"gd resume {self.path}")
        return float(self.result["test"]["accuracy"])

    def predict(self, images: Any, **how: Any) -> Predictions:
        """Classify pictures; see `Classifier.predict`."""
        return load(self.path).predict(images, **how)

    def __repr__(self) -> str:
        # The whole manifest would be pages; it is there as an attribute.
        said = "" if self.result is None else f", accuracy {self.accuracy:.4f}"
        return f"<Run {printable(str(self.path))}: {self.manifest.status}{said}>"

    def _repr_html_(self) -> str:
        from goingdeep.train.report import result_text

        text = (
            repr(self.path)
            if self.result is None
            else result_text(self.path, self.manifest, self.result)
        )
        return notebook_html(text.strip(), self.path)


def train(
    data: Source = DEFAULT_DATA,
    *,
    recipe: str = "",
    config: str | Path | None = None,
    out: str | Path | None = None,
    settings: Mapping[str, Value] | None = None,
    watch: bool = True,
    report: bool = True,
    quiet: bool = True,
    command: Sequence[str] = ("gd.train",),
    progress: Progress = None,
    announce: Announce = None,
    **flags: Value,
) -> Run:
    """Train an image classifier.

    Args:
        data: a data set's name, a folder of pictures (a folder a class), an .npz file, or arrays as
            {"x_train": ..., "y_train": ..., "x_test": ..., "y_test": ...}.
        recipe: "quickstart", "fast" (the default) or "best".
        config: a TOML file of settings.
        out: the run's folder, new or empty; by default one in runs/.
        settings: any setting by its dotted key, {"optimizer.lr": 0.1}.
        watch: record what the loop does, the loss at every step and the first batch.
        report: write report.html, the run as a page, into its folder.
        quiet: print nothing. announce: told in words what is about to happen.
        command: what to write into run.json as the command.
        progress: told (what, done, total) while data is fetched or read.
        **flags: model, epochs, minutes, seed, device, batch_size, ... without a dot.
    Returns:
        The finished run.
    Raises:
        DataError, DownloadError, SettingsError, RunError, WriteError, NonFiniteError, as drawn in
        `goingdeep.errors`. KeyboardInterrupt, SystemExit(143): a stop was asked for; a checkpoint
        is written first.
    """
    chosen = {key: check(key, value) for key, value in {**flags, **(settings or {})}.items()}
    values = choose_settings(recipe, chosen, Path(config) if config else None)
    start = begin(data, values, out=out, command=tuple(command), watch=watch, progress=progress)
    around = functools.partial(_watched, aloud=not quiet) if watch else None
    try:
        result = conduct(start, quiet=quiet, announce=announce, around=around)
    except RunBusyError:
        raise  # the folder is somebody else's
    except GoingDeepError:
        # A model that does not fit, a device that is not there: what has not begun leaves nothing.
        if not (start.folder / "checkpoints").exists() and not any(read_events(start.folder)):
            take_back(start.folder, made=start.made)
        raise
    if report:
        write_report(start.folder, announce)
    return Run(start.folder, start.manifest, result)


def resume(
    run: str | Path = "latest",
    *,
    data: Source | None = None,
    report: bool = True,
    quiet: bool = True,
    progress: Progress = None,
    announce: Announce = None,
) -> Run:
    """Go on with a run from its newest checkpoint; a finished one is returned as it is.

    Args:
        run: a path, a name in runs/, or "latest".
        data: the same arrays again, for a run that was trained on arrays.
        report: write report.html, the run as a page, into its folder.
    """
    folder = find_run(run)
    manifest = read_manifest(folder)
    if manifest.status == "finished":
        result = read_result(folder)
        if result is not None and is_saved(folder):
            return Run(folder, manifest, result)
    start = again(folder, data, progress)
    around = functools.partial(_watched, aloud=not quiet) if start.manifest.watched else None
    result = conduct(start, quiet=quiet, announce=announce, around=around)
    if report:
        write_report(folder, announce)
    return Run(folder, start.manifest, result)


def _watched(folder: Path, log: EventLog, *, aloud: bool) -> AbstractContextManager[None]:
    """Watch our own trainer as any other program is watched, and check it meanwhile."""
    from goingdeep.live import Live
    from goingdeep.watch.program.tell import tell
    from goingdeep.watch.watcher import watching

    # The bar, where there is one, has put something in the place of sys.stderr that prints above it.
    say = (lambda text: tell(text, sys.stderr)) if aloud else None
    return watching(folder, log, lambda watcher: Live(watcher, folder, say))


def load(run: str | Path = "latest", *, model: str = "") -> Classifier:
    """The model of a finished run, ready to predict."""
    from goingdeep.train.saved import Classifier

    folder = find_run(run)
    read_training(folder)  # refuses a run that is damaged, of a newer format, or has no model
    return Classifier(folder, model=model)


def test(
    run: str | Path = "latest", data: Source | None = None, *, progress: Progress = None
) -> dict[str, Any]:
    """Test a finished run's model again.

    Args:
        run: a path, a name in runs/, or "latest".
        data: other images than the run's own; their test part is used.
    Returns:
        {"run": ..., "data": ..., "test": {...}} with the same numbers as in `result.json`.
    """
    folder = find_run(run)
    from goingdeep.train.retest import retest

    return retest(folder, data, progress)


def predict(
    run: str | Path, pictures: Sequence[str | Path], *, resize: str = "", grey: bool = False
) -> Predictions:
    """Classify pictures and folders of pictures with a finished run."""
    return load(run).predict(list(pictures), resize=resize, grey=grey)


def is_picture(path: str) -> bool:
    """Whether a picture or a folder of pictures stands where a run could stand.

    One that is not there counts by its name: the user will want to be told of a picture.
    """
    from goingdeep.data.pictures import EXTENSIONS

    try:
        find_run(path)
    except RunNotFoundError:
        there = os.path.exists(path)  # noqa: PTH110 - pathlib raises where a name is too long
        return there or Path(path).suffix.lower() in EXTENSIONS
    return False


def eject(run: str | Path = "latest") -> str:
    """The plain PyTorch script that trains to the same weights."""
    from goingdeep.train.eject import script

    return script(read_run(find_run(run)))


def runs() -> list[tuple[Path, Manifest, dict[str, Any] | None]]:
    """The runs in runs/, the newest first, each with its result if it has one.

    A run that says it is running, while no process writes to it, is listed as "killed". A watched
    loop has no plan: its steps are those that were done.
    """
    from goingdeep.show import steps_done

    found = []
    for path, manifest in list_runs():
        if manifest.status in ("started", "running") and not is_live(path):
            manifest.status = "killed"
        if manifest.kind == "watch":
            manifest.plan = {"steps": steps_done(path)}
        found.append((path, manifest, read_result(path)))
    return found


def data_show(
    data: Source,
    *,
    size: int = 0,
    resize: str = "",
    picture: str | Path | None = None,
    progress: Progress = None,
) -> tuple[dict[str, Any], Path]:
    """Facts of a data set, and where its contact sheet was drawn.

    Args:
        data, size, resize: as in `train`. progress: told (what, done, total) while files are read.
        picture: a file that does not exist yet; by default NAME-contact-sheet.png here, with a
            number where that name is taken.
    """
    from goingdeep.data import contact_sheet, facts
    from goingdeep.train.start import load as load_images

    chosen = build(resolve(("flag", {"data.size": size, "data.resize": resize})))
    images = load_images(data, chosen, progress)
    if picture:
        refuse_existing(picture, more="docs/data.md")
    place = Path(picture) if picture else _free(f"{slug(images.name)}-contact-sheet")
    contact_sheet(images, place)
    return facts(images), place


def _free(stem: str) -> Path:
    """A name for a picture that nothing in this folder has."""
    names = (f"{stem}{(number and f'-{number}') or ''}.png" for number in itertools.count())
    return Path(next(name for name in names if not os.path.lexists(name)))


def data_get(name: str, *, progress: Progress = None) -> str:
    """Fetch a data set into the cache; returns one sentence on what is there."""
    from goingdeep.data import NAMES
    from goingdeep.train.start import load as load_images

    if name not in NAMES:
        raise UnknownNameError.of("data set", name, NAMES, more="docs/data.md")
    images = load_images(name, Settings(), progress)
    counts = ", ".join(f"{len(part):,} {part_name}" for part_name, part in images.parts())
    return f"{name} is ready: {counts}, {images.classes} classes"
