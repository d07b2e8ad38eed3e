"""The command `gd`. What each command does is in session.py; here are words in and words out.

Nothing heavy is imported at the top: `gd --help` must answer at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from goingdeep import __version__
from goingdeep.errors import GoingDeepError, printable

app = App(
    name="gd",
    help="Train image classifiers with PyTorch, and see what really happens in the training loop.",
    version=__version__,
)
data_app = App(name="data", help="Look at a data set, or fetch one.")
app.command(data_app)

Run = Annotated[str, Parameter(help="A path, a name in runs/, or latest.")]
Flag = Annotated[bool, Parameter(negative="")]


@app.command
def train(
    data: Annotated[
        str, Parameter(help="A data set's name, a folder of pictures, or an .npz file.")
    ] = "fashion-mnist-sample",
    /,
    *,
    recipe: Annotated[str, Parameter(help="quickstart, fast or best.")] = "",
    model: Annotated[
        str, Parameter(help="mlp, cnn, resnet, torchvision:NAME or file.py:function.")
    ] = "",
    epochs: Annotated[int | None, Parameter(help="Walks over the training part.")] = None,
    minutes: Annotated[float | None, Parameter(help="Train about so long instead.")] = None,
    seed: Annotated[int | None, Parameter(help="Same seed, same weights.")] = None,
    device: Annotated[str, Parameter(help="cpu, cuda, mps or auto.")] = "",
    out: Annotated[str, Parameter(help="The run's folder, new or empty (default: in runs/).")] = "",
    set_: Annotated[
        tuple[str, ...],
        Parameter(name="--set", help="Any setting: --set optimizer.lr=0.1", negative=""),
    ] = (),
    config: Annotated[str, Parameter(help="A TOML file of settings (a run's settings.toml).")] = "",
    watch: Annotated[bool, Parameter(help="Record the loss at every step.")] = True,
    quiet: Annotated[bool, Parameter(help="Print the test accuracy only.", negative="")] = False,
    json: Annotated[bool, Parameter(help="Print the result as JSON only.", negative="")] = False,
) -> None:
    """Train an image classifier and test it."""
    from goingdeep import session
    from goingdeep.train.settings import parse_assignment
    from goingdeep.train.start import command_line

    flags: dict[str, Any] = {
        key: value
        for key, value in {
            "model": model or None, "epochs": epochs, "minutes": minutes, "seed": seed,
            "device": device or None,
        }.items()
        if value is not None
    }  # fmt: skip
    flags |= dict(parse_assignment(text) for text in set_)
    speaker = _Speaker(quiet=quiet or json)
    run = session.train(
        data,
        recipe=recipe,
        config=config or None,
        out=out or None,
        settings=flags,
        watch=watch,
        quiet=quiet or json,
        command=command_line(),
        progress=speaker.progress,
        announce=speaker.say,
    )
    _print_result(run, quiet=quiet, json=json)


@app.command
def resume(
    run: Run = "latest",
    /,
    *,
    quiet: Annotated[bool, Parameter(help="Print the test accuracy only.", negative="")] = False,
    json: Annotated[bool, Parameter(help="Print the result as JSON only.", negative="")] = False,
) -> None:
    """Go on with a run that was stopped or killed; the weights will be the same bits."""
    from goingdeep import session

    speaker = _Speaker(quiet=quiet or json)
    resumed = session.resume(
        run, quiet=quiet or json, progress=speaker.progress, announce=speaker.say
    )
    _print_result(resumed, quiet=quiet, json=json)


@app.command
def test(
    run: Run = "latest",
    data: Annotated[str, Parameter(help="Other images than the run's own.")] = "",
    /,
    *,
    json: Annotated[bool, Parameter(help="Print the result as JSON only.", negative="")] = False,
) -> None:
    """Test a run's model again, on its own test part or on other images."""
    from goingdeep import session
    from goingdeep.train import report

    speaker = _Speaker(quiet=json)
    result = session.test(run, data or None, progress=speaker.progress)
    print(report.to_json(result) if json else report.test_text(result["test"]))


@app.command
def predict(
    run: Annotated[str, Parameter(help="A path, a name in runs/, or latest.")],
    /,
    *pictures: Annotated[str, Parameter(help="Pictures, or folders of them.")],
    resize: Annotated[str, Parameter(help="Other sizes: pad, crop or stretch.")] = "",
    grey: Annotated[
        bool, Parameter(help="Turn colour pictures grey for a grey model.", negative="")
    ] = False,
    json: Annotated[bool, Parameter(help="Print JSON, one object a line.", negative="")] = False,
) -> None:
    """Say what is in a picture."""
    from goingdeep import session
    from goingdeep.train import report

    # `gd predict shoe.png` means the newest run: a picture is not a run.
    if not pictures and Path(run).exists() and not (Path(run) / "run.json").exists():
        run, pictures = "latest", (run,)
    predictions = session.predict(run, pictures, resize=resize, grey=grey)
    print("\n".join(report.predictions(predictions, as_json=json)))


@app.command
def eject(
    run: Run = "latest",
    /,
    *,
    output: Annotated[str, Parameter(help="Write to this file instead of printing.")] = "",
) -> None:
    """Print the plain PyTorch script that trains to the same weights, bit for bit."""
    from goingdeep import session

    text = session.eject(run)
    if output:
        session.write_new(Path(output), text)
        print(f"written to {printable(output)}")
    else:
        print(text, end="")


@app.command
def runs(*, json: Annotated[bool, Parameter(help="Print JSON.", negative="")] = False) -> None:
    """List the runs in runs/, the newest first."""
    from goingdeep import session
    from goingdeep.train import report

    print("\n".join(report.run_list(session.runs(), as_json=json)))


@data_app.command(name="show")
def data_show(
    data: Annotated[str, Parameter(help="A data set's name, a folder, or an .npz file.")],
    /,
    *,
    size: Annotated[int, Parameter(help="Bring pictures to this side in pixels.")] = 0,
    resize: Annotated[str, Parameter(help="How: pad, crop or stretch.")] = "",
    picture: Annotated[str, Parameter(help="Where to write the contact sheet.")] = "",
    json: Annotated[bool, Parameter(help="Print JSON.", negative="")] = False,
) -> None:
    """Print what is in a data set, and draw a contact sheet."""
    from goingdeep import session
    from goingdeep.train import report

    speaker = _Speaker(quiet=json)
    facts, drawn = session.data_show(
        data, size=size, resize=resize, picture=picture or None, progress=speaker.progress
    )
    print(report.to_json(facts) if json else report.facts_text(facts, drawn))


@data_app.command(name="get")
def data_get(name: Annotated[str, Parameter(help="A data set's name.")], /) -> None:
    """Fetch a data set into the cache, with its checksums verified."""
    from goingdeep import session

    speaker = _Speaker(quiet=False)
    print(session.data_get(name, progress=speaker.progress))


class _Speaker:
    """Prints while work goes on: notes at once, progress as one line that is written over."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._percent = -1

    def say(self, text: str) -> None:
        if not self._quiet:
            print(text, flush=True)

    def progress(self, what: str, done: int, total: int) -> None:
        """Told by whoever reads or fetches; shown in a terminal only, on the error stream."""
        if self._quiet or not sys.stderr.isatty() or total <= 0:
            return
        percent = 100 * done // total
        if percent != self._percent:
            self._percent = percent
            end = "\n" if done >= total else ""
            print(f"\r{printable(what)} {percent:>3} %", end=end, file=sys.stderr, flush=True)


def _print_result(run: Any, *, quiet: bool, json: bool) -> None:
    from goingdeep.train import report

    if json:
        print(report.to_json({"run": str(run.path), **run.result}))
    elif quiet:
        print(report.accuracy_line(run.result["test"]))
    else:
        print(report.result_text(run.path, run.manifest, run.result))


def main() -> None:
    """Run the command; an error of ours is five lines and exit code 2, never a traceback."""
    # A class name that this terminal's encoding lacks must not end a run.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(exit_on_error=False, print_error=False)
    except GoingDeepError as error:
        _fail(f"{type(error).__name__}: {error}")
    except CycloptsError as error:
        words = " ".join(str(error).split())
        _fail(f"UsageError: {printable(words)}\n  more:  gd --help")
    except KeyboardInterrupt:
        sys.stdout.flush()
        print("stopped; go on with: gd resume", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away (gd runs | head): nothing is wrong, and Python's own
        # flush at exit must not complain about it.
        sys.stdout = None
        sys.exit(0)


def _fail(text: str) -> None:
    sys.stdout.flush()
    print(text, file=sys.stderr)
    sys.exit(2)
