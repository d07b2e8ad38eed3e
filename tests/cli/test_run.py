"""`gd run`: a program is the same one as under plain python, and what it trains is recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from goingdeep.record import read_events, read_manifest
from goingdeep.record.seen import Ended
from tests.no_dynamo import NO_DYNAMO

NO_TORCH = "gd: no training seen: torch was never imported\n"
NEXT = (
    "  gd view   step through it in the browser\n  gd show   the loop again\n"
    "  gd check  look for silent mistakes\n"
)
GD = (sys.executable, "-m", "goingdeep", "run")


@dataclass(frozen=True)
class Done:
    code: int
    out: bytes
    err: str


def call(*words: str, stdin: str = "", **env: str) -> Done:
    done = subprocess.run(
        words, input=stdin.encode(), capture_output=True, check=False, env=os.environ | env
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def same(*words: str, said: str = NO_TORCH, **how: str) -> Done:
    """Run a program by python and by gd run: the same output, errors and exit code."""
    plain = call(sys.executable, *words, **how)
    ours = call(*GD, *words, **how)
    assert ours.out == plain.out
    assert ours.err == plain.err + said
    assert ours.code == plain.code
    return plain


def script(text: str, name: str = "program.py") -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return name


# -------------------------------------------------------------------- what a program can see

FACTS = """
    import atexit, gc, os, sys, warnings
    first = sorted(set(sys.modules) - {"atexit", "gc", "warnings", "__future__"})
    print([name for name in first if not name.startswith("goingdeep")])
    print(sys.argv, sys.path, os.getcwd(), sys.orig_argv[1:], sys.flags, sys.warnoptions)
    print(__name__, __file__, __spec__ and __spec__.name, __package__, __builtins__, __doc__)
    print(sorted(globals()), sys.modules["__main__"].__dict__ is globals())
    print(sorted(os.environ.items()))
    print(sys.getrecursionlimit(), len(gc.callbacks), sys.gettrace(), sys.getprofile())
    print(sys.stdout.errors, sys.stderr.errors, sys.stdin.readline())
    print([type(f).__name__ for f in sys.meta_path if "goingdeep" not in type(f).__module__])
    print([place for place in sys.path_importer_cache if "startup" in place])
    try:
        sys._getframe(1)
    except ValueError as error:
        print(error)
    class Mine: pass
    import pickle, random
    print(pickle.loads(pickle.dumps(Mine())).__class__ is Mine, random.__file__)
    warnings.warn("seen from nowhere", stacklevel=2)
    os.chdir("/")
    atexit.register(print, "the last words")
    sys.stdout.write("no newline, \\udcff and \\u2713")
"""


@pytest.mark.parametrize(
    "words",
    [
        ("program.py", "--help", "--out", "x", "-m", "\udcff", ""),
        ("sub/program.py",),
        ("-m", "package.module", "--quiet"),
        ("-m", "package"),
        ("app", "1"),
        ("app.zip",),
        ("-", "1"),
    ],
)
def test_a_program_sees_what_it_sees_under_python(home, words):
    for name in ("program.py", "sub/program.py", "package/module.py", "app/__main__.py",
                 "package/__main__.py"):  # fmt: skip
        script(FACTS, name)
    script("print('the package')", "package/__init__.py")
    for place in (".", "sub", "app"):
        # A module of the program's goes before Python's own of the same name.
        script("print('my own random')", f"{place}/random.py")
    with zipfile.ZipFile("app.zip", "w") as file:
        file.writestr("__main__.py", textwrap.dedent(FACTS))
    env = {"PYTHONPATH": f"{home}/extra::", "PYTHONIOENCODING": "utf-8:surrogateescape"}
    stdin = textwrap.dedent(FACTS) if words[0] == "-" else "a line\nanother"
    plain = same(*words, stdin=stdin, **env)
    assert plain.code == 0, plain.err
    assert b"goingdeep" not in plain.out.replace(str(home).encode(), b"")


ENDINGS = {
    "number": "sys.exit(7)",
    "text": "sys.exit('enough')",
    "none": "sys.exit()",
    "large": "sys.exit(-1)",
    "error": "deep(3)",
    "chain": """
        try:
            deep(1)
        except ZeroDivisionError as error:
            try:
                raise KeyError("b") from error
            except KeyError:
                raise ExceptionGroup("both", [ValueError("c"), error])
        """,
    "recursion": """
        def down(n): return down(n + 1)
        down(0)
        """,
    "hook": """
        sys.excepthook = lambda *error: print("mine", error[0].__name__)
        deep(0)
        """,
    "syntax": "x = = 1",
    "encoding": "'\\xff'",
    "at once": "import os; os._exit(5)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "interrupted": "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
    "another": "import os; os.execv(sys.executable, [sys.executable, '-c', 'print(3)'])",
    "thread": """
        import threading, time
        def late():
            time.sleep(0.05)
            print("late", file=sys.stderr)
        threading.Thread(target=late).start()
        raise OSError(2, "No such thing")
        """,
    "closed": "sys.stderr.close(); sys.exit(3)",
    "output": "sys.stdout.close()",
}
SILENT = {"at once", "killed", "another"}  # Python does not come to its end


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_ends_as_it_does_under_python(ending):
    text = "import sys\ndef deep(n):\n    return 1 / n if n < 1 else deep(n - 1)\nprint('begun', flush=True)\n"
    Path("program.py").write_bytes(
        (text + textwrap.dedent(ENDINGS[ending])).encode("latin-1" if ending == "encoding" else "utf-8")
        .replace(b"'\\xff'", b"'\xff'")
    )  # fmt: skip
    plain = same("program.py", said="" if ending in {*SILENT, "closed"} else NO_TORCH)
    assert plain.code == {
        "number": 7, "large": 255, "none": 0, "another": 0, "at once": 5, "closed": 3, "hook": 1,
        "killed": -signal.SIGTERM, "interrupted": -signal.SIGINT, "output": 0,
    }.get(ending, 1)  # fmt: skip


WARM = """
    import sys
    print(sorted(set(sys.modules) - {"__mp_main__"}), __name__, __file__, sorted(globals()))
    import os, random
    print(sys.argv, sys.orig_argv[1:], sys.path, os.getcwd(), sorted(os.environ.items()), random.__file__)
    print(sys.stdin.readline(), sys.getrecursionlimit(), sys.gettrace(), sys.excepthook)
    def deep(n):
        return 1 / n if n < 1 else deep(n - 1)
"""


@pytest.mark.parametrize(
    "ending",
    ["number", "text", "error", "chain", "syntax", "hook", "killed", "interrupted", "thread"],
)
def test_the_python_that_is_warm_is_like_python(ending, warm_python):
    """What later tests here, and others, run their programs by."""
    script("print('not mine')", "extra/random.py")
    script(textwrap.dedent(WARM) + textwrap.dedent(ENDINGS[ending]), "sub/program.py")
    how = {"stdin": "a line", "PYTHONPATH": str(Path("extra").resolve())}
    plain = call(sys.executable, "sub/program.py", "-m", "", **how)
    assert plain == call(warm_python, "sub/program.py", "-m", "", **how)


def test_a_module_that_is_not_there_is_answered_by_python():
    plain = same("-m", "no.such.module")
    assert plain.code == 1
    assert "No module named 'no'" in plain.err


def test_the_options_of_python_reach_the_program():
    script("import sys; print(sys.flags.optimize, sys.warnoptions, sys._xoptions)")
    words = ("-O", "-W", "error::UserWarning", "-X", "utf8")
    plain = call(sys.executable, *words, "program.py")
    ours = call(sys.executable, *words, "-m", "goingdeep", "run", "program.py")
    assert ours.out == plain.out == b"1 ['error::UserWarning'] {'utf8': True}\n"


def test_a_sitecustomize_of_the_system_is_still_imported():
    script("import sys; paths = sys.path[:2]", "site/sitecustomize.py")
    script("import sitecustomize; print(sitecustomize.__file__, sitecustomize.paths)")
    assert b"site/sitecustomize.py" in same("program.py", PYTHONPATH="site").out


def test_quiet_says_nothing(home):
    script("print(1)")
    assert call(*GD, "--quiet", "program.py") == Done(0, b"1\n", "")
    assert [path.name for path in home.iterdir()] == ["program.py"]


CHILDREN = """
    import multiprocessing, os, subprocess, sys

    def work(n):
        return n + 1, sorted(os.environ)

    if __name__ == "__main__":
        for how in ("fork", "spawn"):
            with multiprocessing.get_context(how).Pool(1) as pool:
                print(pool.map(work, [1]))
        code = "import os, sys; print(sorted(os.environ), [m for m in sys.modules if 'goingdeep' in m])"
        print(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)
        if os.fork() == 0:
            sys.exit(3)
        print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_children_of_a_program_are_nothing_of_ours():
    plain = same(script(CHILDREN))
    assert plain.out.count(b"[(2, [") == 2
    assert b"] []\\n" in plain.out
    assert plain.out.endswith(b"\n3\n")


# -------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("words", "first", "fix"),
    [
        ("trian.py", "ScriptNotFoundError: there is no script 'trian.py'", "did you mean train.py?"),
        ("app", "ScriptError: app is a folder without __main__.py", "name the script itself"),
        ("shoe.png", "ScriptError: shoe.png is not a Python program", "name a .py file"),
        ("--quite train.py", "no option of gd run called '--quite'", "did you mean --quiet?"),
        ("", "SettingsError: gd run expects a program", "gd run SCRIPT.py"),
        ("--out app/.. train.py", "RunExistsError: app/.. is already in use", "gd run --out DIR"),
    ],
)  # fmt: skip
def test_what_cannot_be_run(gd, words, first, fix):
    Path("train.py").touch()
    Path("app").mkdir()
    Path("shoe.png").write_bytes(bytes(10))
    assert gd("run", *words.split()).is_error(first, fix=fix)


def test_help_before_the_program_is_ours(gd):
    for words in (["--help"], ["--quiet", "-h", "train.py"]):
        shown = gd("run", *words)
        assert shown.code == 0
        for word in ("SCRIPT", "--out", "--quiet", "--moments", "-m"):
            assert word in shown.out


# -------------------------------------------------------------------- what is recorded

TRAINING = """
    import atexit, os, sys, threading
    assert "torch" not in sys.modules and "numpy" not in sys.modules
    os.environ["OMP_NUM_THREADS"] = "1"
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Dropout(0.5))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step():
        loss = F.cross_entropy(model(torch.randn(8, 4)), torch.arange(8) % 3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    class Kept(torch.nn.Linear): pass

    if __name__ == "__main__":
        print(torch.get_num_threads(), [step() for _ in range(5)])
        os.chdir("elsewhere")
        if os.fork() == 0:  # a child trains too, and is not recorded
            step()
            os._exit(0)
        os.wait()
        main = threading.current_thread()
        def late():
            main.join()
            print("late", [step() for _ in range(2)], flush=True)
        threading.Thread(target=late).start()
        atexit.register(lambda: print("last", step(), torch.rand(1), flush=True))
        print(type(torch.__spec__.loader), [f for f in sys.meta_path if "goingdeep" in repr(f)])
        raise ValueError("after five steps")
"""


def test_a_training_is_recorded_to_its_last_step(home):
    Path("elsewhere").mkdir()
    script(TRAINING, "my train.py")
    plain = call(sys.executable, "my train.py")
    ours = call(*GD, "my train.py", "--lr", "1")
    assert ours.out == plain.out
    assert plain.out.startswith(b"1 [")
    assert ours.code == plain.code == 1
    assert ours.err.startswith(plain.err)
    assert plain.err.endswith("ValueError: after five steps\n")
    (run,) = (path for path in (home / "runs").iterdir() if not path.is_symlink())
    assert run.name.startswith("my-train-2")
    assert (home / "runs" / "latest").resolve() == run
    summary = ours.err.removeprefix(plain.err)
    assert "my train.py" in summary
    assert summary.endswith(f"\nrun      runs/{run.name}\n\ntry next\n{NEXT}")
    assert b"gd-source" in (run / "report.html").read_bytes()
    manifest = read_manifest(run)
    assert manifest.command == ("gd", "run", "my train.py", "--lr", "1")
    assert (manifest.kind, manifest.status) == ("watch", "failed")
    assert manifest.error == "ValueError: after five steps"
    assert manifest.versions.keys() >= {"python", "torch", "goingdeep"}
    (ended,) = (event for event in read_events(run) if isinstance(event, Ended))
    assert (ended.steps, ended.backwards, ended.error) == (8, 8, "ValueError")
    assert list(Path("elsewhere").iterdir()) == []


@pytest.fixture
def warm_run(warm_python) -> Callable[..., Done]:
    """warm_run("train.py"): `gd run` by a Python that is warm, for what it writes and says."""
    return partial(call, warm_python, *GD[1:])


@pytest.fixture(scope="module")
def plain_loop(tmp_path_factory) -> bytes:
    """What LOOP prints under plain python."""
    program = tmp_path_factory.mktemp("plain") / "program.py"
    program.write_text(textwrap.dedent(LOOP))
    plain = call(sys.executable, str(program), "0")
    assert (plain.code, plain.err) == (0, "")
    return plain.out


def test_a_program_may_delete_the_folder_it_is_in(home, warm_run):
    Path("gone").mkdir()
    script(LOOP + "    import os; os.chdir('gone'); os.rmdir(os.getcwd())\n")
    ours = warm_run("program.py", "0")
    assert ours.code == 0
    (run,) = (path for path in (home / "runs").iterdir() if not path.is_symlink())
    assert ours.err.startswith(f"{run.name}: gd run program.py 0\n64 steps")
    assert ours.err.endswith(NEXT)


PATCHED = """
    import os, sys, time
    class Mute:
        def write(self, text): raise RuntimeError("mute")
    def boom(*args, **settings): raise RuntimeError("patched")
    sys.stderr = Mute()
    time.time = time.monotonic = time.perf_counter = os.write = os.open = boom
"""


def test_a_program_may_break_the_clock_and_the_error_stream(home, plain_loop):
    script(PATCHED, "patched.py")
    script(LOOP.replace("    for step", "    exec(open('patched.py').read())\n    for step"))
    ours = call(*GD, "program.py", "0")
    # Python's own answer to an error stream that it cannot flush at its end.
    assert (ours.code, ours.out) == (120, plain_loop)


def test_a_command_in_a_folder_that_was_deleted(home):
    done = subprocess.run(
        ["bash", "-c", f"mkdir gone; cd gone; rmdir ../gone; {sys.executable} -m goingdeep show"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("RunNotFoundError: the folder you are in has been deleted\n")
    assert "Traceback" not in done.stderr


# -------------------------------------------------------------------- places that cannot be written

LOOP = (
    f"    {NO_DYNAMO}"
    """
    import resource, sys
    limit = int(sys.argv[1])
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)); sys.dont_write_bytecode = True
    import torch
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(64):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(torch.randn(8, 4)), torch.arange(8) % 3).backward()
        optimizer.step()
    print(model.weight.sum().item())
"""
)


def test_a_disk_that_is_full_ends_the_record_and_not_the_program(home, plain_loop, warm_run):
    script(LOOP)
    ours = warm_run("program.py", "8000")
    assert (ours.code, ours.out) == (0, plain_loop)
    lost = "cannot write events.jsonl: a limit on file size was met"
    first, *_ = ours.err.splitlines()
    assert first == f"gd: the record is lost, the training goes on: {lost}"
    assert ours.err.count("the training goes on") == 1
    assert " ".join(ours.err.split()).count(f"then the record was lost: {lost}; the program") == 1
    manifest = read_manifest(home / "runs" / "latest")
    assert (manifest.status, manifest.error) == ("finished", lost)


def test_a_place_that_cannot_be_written_ends_nothing(home, plain_loop, warm_run):
    script(LOOP)
    Path("runs").touch()  # where the runs would go
    ours = warm_run("program.py", "0")
    assert (ours.code, ours.out) == (0, plain_loop)
    assert ours.err.splitlines() == [
        "gd: WriteError: cannot write runs: File exists",
        f"  where: {home}",
        "  why:   nothing is recorded; the program goes on",
        "  fix:   choose another place: gd run --out DIR ...",
        "  more:  docs/watch.md",
    ]
