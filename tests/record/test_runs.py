"""Finding runs, and making the folder of a new one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from goingdeep.errors import RunExistsError, RunNotFoundError, WriteError
from goingdeep.record import Manifest, find_run, list_runs, read_result, write_manifest
from goingdeep.record import runs as runs_module
from goingdeep.record.runs import as_typed, new_folder, point_latest, short_name, take_back


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(path: str, created: str = "2026-01-01") -> Path:
    folder = Path(path)
    folder.mkdir(parents=True)
    write_manifest(folder, Manifest(name=folder.name, command=("gd",), created=created))
    return folder


# -------------------------------------------------------------------- finding


def test_by_path_and_by_name(here):
    make("elsewhere/mine")
    make("runs/shoes")
    assert find_run("elsewhere/mine") == Path("elsewhere/mine")
    assert find_run(here / "elsewhere" / "mine") == here / "elsewhere" / "mine"
    assert find_run("runs/shoes") == find_run("shoes") == Path("runs/shoes")


def test_a_path_goes_before_a_name():
    make("shoes")
    make("runs/shoes")
    assert find_run("shoes") == Path("shoes")


def test_latest_follows_the_link():
    point_latest(make("runs/old", "2026-01-01"))
    new = make("runs/new", "2026-01-02")
    assert find_run() == Path("runs/old")
    point_latest(new)
    assert find_run("latest") == Path("runs/new")
    assert Path("runs/latest").readlink() == Path("new")


@pytest.mark.parametrize("link", ["none", "dangling"])
def test_latest_without_a_link_is_the_newest(link):
    make("runs/b", "2026-01-01T10:00:00")
    make("runs/a", "2026-01-01T11:00:00")
    make("runs/c", "2026-01-01T09:00:00")
    if link == "dangling":
        Path("runs/latest").symlink_to("removed")
    assert find_run() == Path("runs/a")


def test_no_run_at_all(here):
    with pytest.raises(RunNotFoundError) as caught:
        find_run()
    assert str(caught.value) == (
        f"there is no run yet\n  where: {here / 'runs'}\n  fix:   gd train\n  more:  docs/runs.md"
    )


def test_the_nearest_name_is_offered(here):
    make("runs/fashion-mnist-cnn")
    with pytest.raises(RunNotFoundError) as caught:
        find_run("fashion-mnits-cnn")
    assert str(caught.value) == (
        f"there is no run 'fashion-mnits-cnn'\n  where: {here / 'runs'}\n"
        "  fix:   did you mean fashion-mnist-cnn?\n  more:  docs/runs.md"
    )
    with pytest.raises(RunNotFoundError) as caught:
        find_run("zzz")
    assert caught.value.fix == "gd runs (lists the runs there are)"


def test_a_folder_that_is_no_run():
    Path("pictures").mkdir()
    Path("runs/cut").mkdir(parents=True)
    with pytest.raises(RunNotFoundError, match=r"^runs/cut is not a run"):
        find_run("cut")
    with pytest.raises(RunNotFoundError) as caught:
        find_run("pictures")
    assert str(caught.value) == (
        "pictures is not a run\n  why:   it has no run.json\n"
        "  fix:   gd runs (lists the runs there are)\n  more:  docs/runs.md"
    )


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "a\x1b[31mb", "../" * 2000, "\udcff", "~"])
def test_any_name_is_answered_with_our_error(name):
    with pytest.raises(RunNotFoundError) as caught:
        find_run(name)
    str(caught.value).encode()
    assert "\x1b" not in str(caught.value)


# -------------------------------------------------------------------- listing


def test_the_newest_comes_first_and_what_is_no_run_is_left_out():
    names = ["one", "two", "three"]
    for day, name in enumerate(names, 1):
        make(f"runs/{name}", f"2026-01-0{day}")
    point_latest(Path("runs/three"))
    Path("runs/empty").mkdir()
    Path("runs/file").touch()
    for name, content in (("cut", b'{"for'), ("future", b'{"format":99}'), ("deep", b"[" * 10**5)):
        Path(f"runs/{name}").mkdir()
        Path(f"runs/{name}/run.json").write_bytes(content)
    Path("runs/folder/run.json").mkdir(parents=True)
    assert [(path.name, m.name) for path, m in list_runs()] == [(n, n) for n in names[::-1]]


def test_no_folder_is_no_runs():
    assert list_runs() == []
    assert list_runs(Path("nowhere")) == []


RESULT = {
    "test": {
        "accuracy": 0.5, "interval": [0.25, 0.75], "per_class": [], "confused": [],
        "ece": 0.1, "ece_after": None, "temperature": 1.0, "n": 4,
    },
    "seconds": 1.5, "steps": 10, "chosen": "weights after the last step", "later": [1],
}  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"{}", b'{"test":{}}', b"\xff", b'{"a":' * 10**5]
)
def test_a_result_that_cannot_be_read_is_none(content):
    folder = make("runs/one")
    assert read_result(folder) is None
    (folder / "result.json").write_bytes(content)
    assert read_result(folder) is None
    (folder / "result.json").write_bytes(msgspec.json.encode(RESULT))
    assert read_result(folder) == RESULT


# -------------------------------------------------------------------- making


def test_a_taken_name_gets_a_number():
    made = [new_folder(None, "shoes") for _ in range(3)]
    assert made == [Path("runs/shoes"), Path("runs/shoes-2"), Path("runs/shoes-3")]
    assert all(folder.is_dir() for folder in made)


def test_the_folder_asked_for_is_made():
    assert new_folder("deep/er/run", "ignored") == Path("deep/er/run")
    assert Path("deep/er/run").is_dir()
    assert new_folder("deep/er/run", "ignored") == Path("deep/er/run")  # empty: still free


def test_a_folder_in_use_is_refused():
    make("mine")
    with pytest.raises(RunExistsError) as caught:
        new_folder("mine", "x")
    assert str(caught.value) == (
        "mine is already in use\n  why:   it holds a run\n  fix:   gd resume mine\n"
        "  more:  docs/runs.md"
    )
    Path("pictures").mkdir()
    Path("pictures/1.png").touch()
    for place in ("pictures", "pictures/1.png"):
        with pytest.raises(RunExistsError) as caught:
            new_folder(place, "x")
        assert str(caught.value) == (
            f"{place} is already in use\n  why:   it is not an empty folder\n"
            "  fix:   choose a new folder: --out DIR\n  more:  docs/runs.md"
        )
    assert [path.name for path in Path("pictures").iterdir()] == ["1.png"]


def test_a_folder_that_cannot_be_made_is_our_error():
    Path("file").touch()
    for place, why in (("file/run", "Not a directory"), ("x" * 300, "the name is too long")):
        with pytest.raises(WriteError, match=why):
            new_folder(place, "x")


def test_a_file_called_runs_is_our_error():
    Path("runs").touch()
    with pytest.raises(WriteError, match="cannot write runs"):
        new_folder(None, "x")
    assert list_runs() == []


def test_latest_never_replaces_what_is_not_a_link():
    Path("runs/latest").mkdir(parents=True)
    point_latest(make("runs/one"))
    assert not Path("runs/latest").is_symlink()
    assert sorted(path.name for path in Path("runs").iterdir()) == ["latest", "one"]


def test_latest_may_be_missing_where_links_are_not_allowed(monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr(Path, "symlink_to", refuse)
    one = make("runs/one")
    point_latest(one)
    assert [path.name for path in Path("runs").iterdir()] == ["one"]
    assert find_run() == one


@pytest.mark.parametrize("runs", [Path("runs"), Path("else/where/runs")])
def test_a_run_that_is_taken_back_leaves_nothing(here, runs):
    old = make(f"{runs}/old")
    point_latest(old)
    for place in (runs, here / runs):  # as it is typed here, and from anywhere
        folder = new_folder(None, "new", place)
        make(f"{folder}/blobs")
        for name in ("events.jsonl", "events-rank1.jsonl", "run.json", "scalars"):
            (folder / name).touch()
        point_latest(folder)
        (folder / "scalars").unlink()
        take_back(folder, made=True, runs=place)
        assert not folder.exists()
        assert (runs / "latest").resolve() == old.resolve()
    take_back(old, made=True, runs=runs)
    assert not runs.exists()


def test_what_is_taken_back_from_a_folder_of_the_user_leaves_the_folder(here):
    folder = new_folder("mine", "x")
    make("mine/blobs")
    take_back(folder, made=False)
    assert list(folder.iterdir()) == []


def test_a_folder_is_typed_from_here_where_it_lies_below(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert as_typed(here / "runs" / "a") == Path("runs/a")
    assert as_typed(Path("runs/a")) == Path("runs/a")
    assert as_typed(tmp_path / "there") == tmp_path / "there"
    here.rmdir()  # what is asked of a folder that is gone
    assert as_typed(tmp_path / "there") == tmp_path / "there"


@pytest.mark.parametrize(
    ("folder", "typed"),
    [
        (Path("runs/first"), "first"),
        (Path("runs/--help"), "runs/--help"),
        (Path("runs/a b"), "'a b'"),
        (Path("else/first"), "else/first"),
    ],
)
def test_what_is_typed_for_a_run_is_no_option(folder, typed):
    assert short_name(folder) == typed


def test_a_deleted_folder_holds_nothing(tmp_path, monkeypatch):
    assert runs_module.here() == Path.cwd()
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert runs_module.here().is_absolute()
