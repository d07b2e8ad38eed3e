"""Puts the parts together, once, for the command, Python and tests.

Every function here is one thing a user does. torch is imported inside, after the run folder exists.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goingdeep.errors import GoingDeepError, RunExistsError, RunFormatError, UnknownNameError
from goingdeep.record import (
    Manifest,
    find_run,
    list_runs,
    read_manifest,
    read_result,
    write_manifest,
)
from goingdeep.record.events import Failed, Interrupted
from goingdeep.record.files import write_error
from goingdeep.train.settings import Settings, Value, build, check, resolve
from goingdeep.train.start import Progress, Source, Start, again, begin, choose_settings, slug

if TYPE_CHECKING:
    from goingdeep.train.saved import Classifier, Predictions

Announce = Callable[[str], None] | None
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


def train(
    data: Source = DEFAULT_DATA,
    *,
    recipe: str = "",
    config: str | Path | None = None,
    out: str | Path | None = None,
    settings: Mapping[str, Value] | None = None,
    watch: bool = True,
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
        watch: record the loss at every step, and the first batch.
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
    return _train(start, quiet=quiet, announce=announce)


def resume(
    run: str | Path = "latest",
    *,
    data: Source | None = None,
    quiet: bool = True,
    progress: Progress = None,
    announce: Announce = None,
) -> Run:
    """Go on with a run from its newest checkpoint; a finished one is returned as it is.

    Args:
        run: a path, a name in runs/, or "latest".
        data: the same arrays again, for a run that was trained on arrays.
    """
    folder = find_run(run)
    manifest = read_manifest(folder)
    if manifest.status == "finished":
        result = read_result(folder)
        if result is not None:
            return Run(folder, manifest, result)
    return _train(again(folder, data, progress), quiet=quiet, announce=announce)


def load(run: str | Path = "latest", *, model: str = "") -> Classifier:
    """The model of a finished run, ready to predict."""
    from goingdeep.train.saved import Classifier

    return Classifier(find_run(run), model=model)


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


def eject(run: str | Path = "latest") -> str:
    """The plain PyTorch script that trains to the same weights."""
    from goingdeep.train.eject import script

    return script(read_manifest(find_run(run)))


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet; what the user has is never overwritten."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise RunExistsError(f"{path} is there already", fix="choose another name") from error
    except OSError as error:
        raise write_error(path, error) from error


def runs() -> list[tuple[Path, Manifest, dict[str, Any] | None]]:
    """The runs in runs/, the newest first, each with its result if it has one."""
    return [(path, manifest, read_result(path)) for path, manifest in list_runs()]


def data_show(
    data: Source,
    *,
    size: int = 0,
    resize: str = "",
    picture: str | Path | None = None,
    progress: Progress = None,
) -> tuple[dict[str, Any], Path]:
    """Facts of a data set, and where its contact sheet was drawn."""
    from goingdeep.data import contact_sheet, facts
    from goingdeep.train.start import load as load_images

    chosen = build(resolve(("flag", {"data.size": size, "data.resize": resize})))
    images = load_images(data, chosen, progress)
    place = Path(picture) if picture else Path(f"{slug(images.name)}-contact-sheet.png")
    contact_sheet(images, place)
    return facts(images), place


def data_get(name: str, *, progress: Progress = None) -> str:
    """Fetch a data set into the cache; returns one sentence on what is there."""
    from goingdeep.data import NAMES
    from goingdeep.train.start import load as load_images

    if name not in NAMES:
        raise UnknownNameError.of("data set", name, NAMES, more="docs/data.md")
    images = load_images(name, Settings(), progress)
    counts = ", ".join(f"{len(part):,} {part_name}" for part_name, part in images.parts())
    return f"{name} is ready: {counts}, {images.classes} classes"


def _train(start: Start, *, quiet: bool, announce: Announce = None) -> Run:
    from goingdeep.record import EventLog

    folder, manifest = start.folder, start.manifest
    with EventLog(folder) as log, _failures_recorded(folder, manifest, log):
        # torch is imported here, with run.json on disk and the log's lock held.
        from goingdeep.train.finish import finish
        from goingdeep.train.progress import Progress as Shown
        from goingdeep.train.report import opening
        from goingdeep.train.stop import Stopped, StopRequest
        from goingdeep.train.training import Training

        with StopRequest() as stop:
            try:
                training = Training(folder, manifest, start.data, log, stop)
                if announce is not None:
                    announce(opening(manifest, training.parts.model))
                with Shown(training.live, quiet=quiet):
                    training.run()
                    result = finish(training)
            except Stopped as stopped:
                manifest.status = "interrupted"
                name = str(stopped)
                log.write(Interrupted(time=time.time(), signal=name), last=True)
                write_manifest(folder, manifest)
                number = stopped.number
            else:
                return Run(folder, manifest, result)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


@contextlib.contextmanager
def _failures_recorded(folder: Path, manifest: Manifest, log: Any) -> Iterator[None]:
    """Write down why a run ended, as far as the disk still lets us."""
    try:
        yield
    except Exception as error:
        first_line = str(error).splitlines()[0] if str(error) else ""
        manifest.status = "failed"
        manifest.error = f"{type(error).__name__}: {first_line}"
        with contextlib.suppress(GoingDeepError, OSError):
            log.write(
                Failed(time=time.time(), error=type(error).__name__, message=first_line), last=True
            )
        with contextlib.suppress(GoingDeepError, OSError):
            write_manifest(folder, manifest)
        raise
