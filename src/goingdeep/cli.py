"""The command `gd`. What each command does is in session.py; here are words in and words out.

Nothing heavy is imported at the top: `gd --help` must answer at once.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

from goingdeep import (
    __version__,
    check_command,
    data_command,
    view_command,
    watch_command,
    why_command,
)
from goingdeep.errors import DataNotFoundError, GoingDeepError, printable
from goingdeep.terminal import (
    Speaker,
    abandon_stdout,
    fail,
    output_error,
    prepare_streams,
    refuse_empty,
    say,
    write_new,
)
from goingdeep.watch_command import Run, start_program


def _default(value: object) -> str | None:
    """What help says of a default: nothing where it is empty, or off."""
    return None if value in (None, "", "0", 0, ()) else str(value)


app = App(
    name="gd",
    help="Train image classifiers with PyTorch, and see what really happens in the training loop.",
    version=__version__,
    default_parameter=Parameter(show_default=_default),
    # Ctrl-C is ours to answer: it names the run to go on with.
    suppress_keyboard_interrupt=False,
)
app.command(data_command.data)
app.command(watch_command.run)
app.command(watch_command.show)
app.command(check_command.check)
app.command(check_command.rules)
app.command(view_command.view)
app.command(why_command.why)


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
    # Numbers are read by the settings, which say in words what they expect.
    epochs: Annotated[
        str | None, Parameter(help="How often to walk over the training part.")
    ] = None,
    minutes: Annotated[
        str | None, Parameter(help="Train for about so long instead of counting epochs.")
    ] = None,
    seed: Annotated[str | None, Parameter(help="Same seed, same weights.")] = None,
    device: Annotated[str, Parameter(help="cpu, cuda, mps or auto.")] = "",
    out: Annotated[str, Parameter(help="The run's folder, new or empty (default: in runs/).")] = "",
    set_: Annotated[
        tuple[str, ...],
        Parameter(name="--set", help="Any setting: --set optimizer.lr=0.1", negative=""),
    ] = (),
    config: Annotated[str, Parameter(help="A TOML file of settings (a run's settings.toml).")] = "",
    watch: Annotated[bool, Parameter(help="Record what the loop does.")] = True,
    report: Annotated[bool, Parameter(help="Write report.html into the run.")] = True,
    quiet: Annotated[bool, Parameter(help="Print the test accuracy only.", negative="")] = False,
    json: Annotated[bool, Parameter(help="Print the result as JSON only.", negative="")] = False,
) -> None:
    """Train an image classifier and test it."""
    from goingdeep import session
    from goingdeep.train.start import command_line
    from goingdeep.train.toml import parse_assignment

    numbers = {"epochs": epochs, "minutes": minutes, "seed": seed}
    flags: dict[str, Any] = dict(
        parse_assignment(f"{key}={text}") for key, text in numbers.items() if text is not None
    )
    flags |= {key: text for key, text in (("model", model), ("device", device)) if text}
    flags |= dict(parse_assignment(text) for text in set_)
    speaker = Speaker(quiet=quiet or json)
    run = session.train(
        data,
        recipe=recipe,
        config=config or None,
        out=out or None,
        settings=flags,
        watch=watch,
        report=report,
        quiet=quiet or json,
        command=command_line(),
        progress=speaker.progress,
        announce=speaker.say,
    )
    _show_result(run, quiet=quiet, json=json)


@app.command
def resume(
    run: Run = "latest",
    /,
    *,
    report: Annotated[bool, Parameter(help="Write report.html into the run.")] = True,
    quiet: Annotated[bool, Parameter(help="Print the test accuracy only.", negative="")] = False,
    json: Annotated[bool, Parameter(help="Print the result as JSON only.", negative="")] = False,
) -> None:
    """Go on with a run that was stopped or killed; the weights will be the same bits."""
    from goingdeep import session

    speaker = Speaker(quiet=quiet or json)
    resumed = session.resume(
        run, report=report, quiet=quiet or json, progress=speaker.progress, announce=speaker.say
    )
    _show_result(resumed, quiet=quiet, json=json)


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
    from goingdeep.record.encoding import indented
    from goingdeep.train import report

    speaker = Speaker(quiet=json)
    result = session.test(run, data or None, progress=speaker.progress)
    if json:
        say(indented(result))
    else:
        # The newest run need not be named, so it is said which one this is.
        about = (
            f"run      {printable(str(result['run']))}\ndata     {printable(str(result['data']))}"
        )
        say(f"{report.test_text(result['test'])}\n{about}")


@app.command
def predict(
    run: Annotated[str, Parameter(help="A path, a name in runs/, or latest; may be left out.")],
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
    if session.is_picture(run):
        run, pictures = "latest", (run, *pictures)
    if not pictures:
        raise DataNotFoundError(
            f"gd predict expects pictures, got only the run {printable(run)}",
            fix=f"gd predict {printable(run)} PICTURE.png",
            more="gd predict --help",
        )
    predictions = session.predict(run, pictures, resize=resize, grey=grey)
    say("\n".join(report.predictions(predictions, as_json=json)))


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
        write_new(Path(output), text)
        say(f"written to {printable(output)}")
    else:
        say(text, end="")


@app.command
def runs(*, json: Annotated[bool, Parameter(help="Print JSON.", negative="")] = False) -> None:
    """List the runs in runs/, the newest first."""
    from goingdeep import session
    from goingdeep.train import report

    say("\n".join(report.run_list(session.runs(), as_json=json)))


def _show_result(run: Any, *, quiet: bool, json: bool) -> None:
    from goingdeep.record.encoding import indented
    from goingdeep.train import report

    if json:
        say(indented({"run": str(run.path), **run.result}))
    elif quiet:
        say(report.accuracy_line(run.result["test"]))
    else:
        say(report.result_text(run.path, run.manifest, run.result))


WITH_PROGRAM = {"check": check_command.marked, "why": why_command.marked}
"""Commands after which a program can stand, whose own words are not ours to read."""


def main() -> None:
    """Run the command; an error of ours is five lines and exit code 2, never a traceback."""
    words = sys.argv[1:]
    _refuse_deleted_folder()
    if words[:1] == ["run"]:
        start_program(words[1:])
        words = ["run", "--help"]
    prepare_streams()
    if words[:1] and words[0] in WITH_PROGRAM:
        words[1:] = WITH_PROGRAM[words[0]](words[1:])
    try:
        refuse_empty(words)
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
        say("", end="")
    except GoingDeepError as error:
        fail(f"{type(error).__name__}: {error}")
    except CycloptsError as error:
        fail(_usage(error))
    except KeyboardInterrupt as stop:
        _note(stop, "stopped")
        sys.exit(130)
    except SystemExit as stop:
        _note(stop)
        raise
    except BrokenPipeError:
        # The reader of our output went away (gd runs | head): nothing is wrong, and Python's own
        # flush at exit must not complain about it.
        abandon_stdout()
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename:
            raise
        fail(f"WriteError: {output_error(error)}")  # it was the text of --help


def _refuse_deleted_folder() -> None:
    """Not even torch can be loaded in one."""
    try:
        os.getcwd()  # noqa: PTH109 - it costs no import
    except FileNotFoundError:
        fail(
            "RunNotFoundError: the folder you are in has been deleted\n"
            "  fix:   cd to one that is there\n  more:  gd --help"
        )


def _note(stop: BaseException, otherwise: str = "") -> None:
    text = "\n".join(getattr(stop, "__notes__", ())) or otherwise
    if text:
        print(text, file=sys.stderr)


def _usage(error: CycloptsError) -> str:
    # The list of all commands is cut off: --help has it.
    words = " ".join(str(error).split()).partition(" Available commands: ")[0]
    command = " ".join(("gd", *(error.command_chain or ())))
    if isinstance(error, UnusedCliTokensError):
        words = f"{command} has no use for {' '.join(error.unused_tokens or ())}"
    return f"UsageError: {printable(words)}\n  more:  {printable(command)} --help"
