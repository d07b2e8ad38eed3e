"""The public names, and what importing them costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PUBLIC = {
    "goingdeep": ["Run", "__version__", "errors", "load", "resume", "test", "train", "watch", "why"],
    "goingdeep.record": [
        "Curve", "DataFacts", "Event", "EventLog", "Manifest", "Setting", "find_run", "is_live",
        "list_runs", "read_blob", "read_events", "read_manifest", "read_result", "write_blob",
        "write_manifest",
    ],
    "goingdeep.data": [
        "NAMES", "DataSettings", "ImageData", "Part", "PartName", "Progress", "contact_sheet", "count_duplicates",
        "facts", "hold_out", "load", "picture_grid", "with_validation",
    ],
    "goingdeep.models": [
        "NAMES", "LayerRow", "ModelCard", "build", "card", "check_images", "check_name",
        "file_and_function",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_the_public_names_are_these(name):
    module = importlib.import_module(name)
    assert sorted(module.__all__) == sorted(PUBLIC[name])
    for public in PUBLIC[name]:
        assert getattr(module, public) is not None
    assert set(module.__all__) <= set(dir(module))


def test_a_name_that_is_not_there():
    import goingdeep

    with pytest.raises(AttributeError, match="module 'goingdeep' has no attribute 'trian'"):
        _ = goingdeep.trian


def test_a_function_stays_one_when_the_folder_of_its_name_is_imported():
    script = (
        "import goingdeep as gd, goingdeep.train, goingdeep.watch, goingdeep.errors as errors\n"
        "for _ in range(2):\n"
        "    print(type(gd.train).__name__, type(gd.watch).__name__, gd.errors is errors)\n"
        "gd.train = 1\n"
        "print(gd.train)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    said = "function function True\nfunction function True\n1\n"
    assert (answer.stdout, answer.stderr) == (said, "")


LIGHT = [
    "goingdeep", "goingdeep.watched", "goingdeep.record", "goingdeep.errors", "goingdeep.data", "goingdeep.models",
    "goingdeep.session", "goingdeep.train.start", "goingdeep.train.settings",
    "goingdeep.train.recipes", "goingdeep.train.report", "goingdeep.cli",
]  # fmt: skip


def test_torch_is_not_imported_before_it_is_needed():
    """In one process, in this order, so that the first module to import it is named."""
    script = "\n".join(
        f"import {name}\n"
        f"heavy = {{'torch', 'torchvision'}} & sys.modules.keys()\n"
        f"assert not heavy, f'{name} imports {{heavy}}'"
        for name in LIGHT
    )
    answer = subprocess.run(
        [sys.executable, "-c", f"import sys\n{script}"], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, "")
