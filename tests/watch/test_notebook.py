"""`%%watch`: a cell runs as it always does, and what it trained is shown below it."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from goingdeep.errors import UnknownNameError
from goingdeep.record import list_runs, read_events
from goingdeep.record.seen import Ended, Site
from goingdeep.watch.program import notebook, run

SETUP = """
import torch
model = torch.nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
def step():
    loss = model(torch.ones(2, 4)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


class Cell:
    """What a cell left."""

    def __init__(self, result, captured) -> None:
        self.result = result
        self.out, self.err = captured.stdout, captured.stderr
        self.shown = captured.outputs


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    place = str(tmp_path_factory.mktemp("ipython"))
    made = InteractiveShell.instance(config=config, ipython_dir=place, colors="nocolor")
    made.run_line_magic("load_ext", "goingdeep")
    assert made.run_cell(SETUP).success
    yield made
    made.restore_sys_module_state()
    InteractiveShell.clear_instance()


@pytest.fixture
def cell(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(text: str) -> Cell:
        with capture_output() as captured:
            result = shell.run_cell(text, store_history=True)
        assert not run._on
        return Cell(result, captured)

    return call


def read_events_of(name: str) -> list:
    return list(read_events(Path(name)))


def runs() -> list:
    return [path for path, _ in list_runs()]


def test_a_cell_is_recorded_and_shown_below(cell):
    done = cell("%%watch --out mine\n\nfor _ in range(3):\n    step()\n")
    assert done.result.success
    assert done.out == ""
    (shown,) = done.shown
    assert "loss.backward()" in shown.data["text/plain"]
    assert shown.data["text/html"].startswith("<pre>")
    (ended,) = (event for event in read_events_of("mine") if isinstance(event, Ended))
    assert (ended.steps, ended.error) == (3, "")


def test_lines_are_those_of_the_cell_as_it_stands(cell):
    text = "%%watch --quiet --out mine\n\nfor _ in range(2):\n    optimizer.zero_grad()\n    model(torch.ones(1, 4)).sum().backward()\n    optimizer.step()"
    assert cell(text).result.success
    lines = text.split("\n")
    sites = [event for event in read_events_of("mine") if isinstance(event, Site)]
    assert len(sites) >= 3
    assert {site.source for site in sites} == {lines[site.line - 1].strip() for site in sites}


def test_a_cell_run_twice_makes_two_runs(cell):
    for _ in range(2):
        assert cell("%%watch --quiet\nstep()").shown == []
    first, second = runs()
    assert first.name.removesuffix("-2").startswith("notebook-")
    for path in (first, second):
        (ended,) = (event for event in read_events(path) if isinstance(event, Ended))
        assert ended.steps == 1


def test_the_value_of_the_last_line_is_shown_as_always(cell):
    done = cell("%%watch --quiet\nstep()\n40 + 2")
    assert (done.result.success, done.result.result) == (True, 42)
    assert done.out.endswith("42\n")


def test_an_error_is_shown_as_always_and_recorded(cell, shell):
    plain = cell("\n\nstep()\n1 / 0")
    done = cell("%%watch --out mine\n# a comment\nstep()\n1 / 0")
    assert type(done.result.error_in_exec) is ZeroDivisionError
    assert "goingdeep" not in done.out
    ours, theirs = (text.split("\n") for text in (done.out, plain.out))
    assert [line for line in ours if "1 / 0" in line] == ["----> 4 1 / 0"]
    assert len([x for x in theirs if "Error" in x]) == len([x for x in ours if "Error" in x])
    (ended,) = (event for event in read_events_of("mine") if isinstance(event, Ended))
    assert (ended.steps, ended.error) == (1, "ZeroDivisionError")
    assert len(done.shown) == 1


def test_a_cell_that_cannot_be_read_is_answered_as_always(cell):
    done = cell("%%watch\nfor")
    assert type(done.result.error_before_exec) is SyntaxError
    assert cell("%%watch --quiet\nstep()").result.success


def test_other_magics_and_await_work_inside(cell, shell):
    assert cell("%%watch --quiet\n%%capture text\nprint('caught')\nstep()").result.success
    assert shell.user_ns["text"].stdout == "caught\n"
    assert cell(
        "%%watch --quiet\nimport asyncio\nawait asyncio.sleep(0)\n%time step()"
    ).result.success
    assert [len(runs())] == [2]


def test_another_cell_is_not_watched(cell):
    for text in ("step()", "# %%watch\nstep()", "x = '''\n%%watch\n'''"):
        assert cell(text).result.success
    assert not cell("%%watching\nstep()").result.success
    assert runs() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--quite", "there is no option of %%watch called '--quite'"),
        ("--out", "--out expects a folder"),
        ("--quiet=1", "there is no option of %%watch called '--quiet=1'"),
        ("'", "No closing quotation"),
    ],
)
def test_an_option_that_cannot_be_read_is_said_instead_of_running(cell, options, said):
    done = cell(f"%%watch {options}\nprint('ran')")
    assert said in done.out + done.err
    assert "ran\n" not in done.out
    assert "Traceback" not in done.out + done.err
    assert not done.result.success
    assert runs() == []


def test_a_folder_in_use_is_said_and_the_cell_runs(cell, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").touch()
    done = cell("%%watch --out used\nprint('ran')")
    assert done.result.success
    assert done.out == "ran\n"
    assert done.err.startswith("gd: this cell is not watched\nRunExistsError: ")
    assert done.shown == []


def test_nothing_is_shown_where_nothing_could_be_recorded(cell, tmp_path):
    (tmp_path / "runs").touch()
    done = cell("%%watch\nstep()")
    assert done.result.success
    assert done.err.count("gd: WriteError") == 1
    assert done.shown == []


def test_the_magic_can_be_called_and_explains_itself(cell, shell):
    assert cell("get_ipython().run_cell_magic('watch', '--quiet', 'step()')").result.success
    assert len(runs()) == 1
    assert "--moments" in shell.find_magic("watch", "cell").__doc__


def test_loading_it_twice_watches_once(cell, shell):
    notebook.install(shell, None)
    assert cell("%%watch --quiet\nstep()").result.success
    assert len(runs()) == 1


def test_options_of_the_magic():
    parse = notebook._parse
    assert parse("%%watch --out 'a b' --moments") == {"out": "a b", "moments": True}
    assert parse("%%watch --out=x") == {"out": "x"}
    with pytest.raises(UnknownNameError):
        parse("%%watch x")
