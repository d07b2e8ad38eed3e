"""traincheck 0.2.0: what always held in the mended twin is what a case must not break.

    traincheck-collect    traces the twin                 traincheck-infer    what always held in it
    traincheck-collect    traces the case, and the twin   traincheck-check    what did not hold there
                          again with another seed

It follows the model that stands in a variable at the top of a program, so most cases are out of its
reach: those are answered with an error, and are not counted. It names no mistake.
"""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import measure
from judged.program import Answer, Program

MODELS = ("model", "net", "network", "classifier", "encoder", "policy", "rnn", "dalle", "learn")
LIMIT = 300.0
"""Seconds for each of its commands; small programs, but it writes every call of torch."""

MEND = Path(__file__).parents[1] / "watched" / "mend.py"


class Broken(Exception):  # noqa: N818 - an answer
    """One of its commands did not end well."""


def ask(wanted: Sequence[Program], folder: Path) -> list[Answer]:
    """What it says of each case and its twin."""
    answers = []
    twins = {program.name: program for program in wanted if program.kind == "twin"}
    for program in wanted:
        if program.kind != "case":
            continue
        twin = twins[program.name]
        model = tracked(program.path)
        if not model or not tracked(twin.path):
            why = "its model is in no variable at the top of the program"
            answers += [Answer("traincheck", p, error=why) for p in (program, twin)]
            continue
        answers += _ask(program, twin, model, folder / f"traincheck-{program.name}")
        print("+", end="", flush=True)
    return answers


def tracked(path: Path) -> str:
    """The variable at the top of a program that holds its model; "" where there is none."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            name = getattr(node.targets[0], "id", "")
            if name in MODELS:
                return str(name)
    return ""


def _ask(case: Program, twin: Program, model: str, folder: Path) -> list[Answer]:
    folder.mkdir()
    learnt = folder / "invariants.json"
    try:
        _collect(twin, model, folder, "reference")
        _call(folder, "traincheck-infer", "-f", "reference", "-o", str(learnt))
    except (Broken, OSError) as error:
        return [Answer("traincheck", p, error=str(error)) for p in (case, twin)]
    answers = []
    for program in (case, twin):
        try:
            _collect(program, model, folder, program.kind, "-i", str(learnt))
            said = _check(folder, program.kind, learnt)
            answers.append(Answer("traincheck", program, tuple(said)))
        except (Broken, OSError, ValueError, KeyError) as error:
            answers.append(Answer("traincheck", program, error=str(error) or repr(error)))
    shutil.rmtree(folder, ignore_errors=True)  # traces are large
    return answers


def _collect(program: Program, model: str, folder: Path, name: str, *options: str) -> None:
    place = folder / f"{name}-script"
    place.mkdir()
    text = program.path.read_text()
    if name == "twin":  # the same program by other random numbers: what held by chance does not
        text = text.replace("manual_seed(", "manual_seed(1000 + ")
    script = place / "program.py"
    script.write_text(text)
    shutil.copy(MEND, place / "sitecustomize.py")
    (place / "run.sh").write_text(f"exec {sys.executable} {script}\n")
    _call(
        folder, "traincheck-collect", "-p", str(script), "-s", str(place / "run.sh"),
        "--models-to-track", model, "--output-dir", name, *options,
    )  # fmt: skip


def _check(folder: Path, name: str, learnt: Path) -> list[tuple[str, str, str]]:
    _call(
        folder, "traincheck-check", "-f", name, "-i", str(learnt), "-o", f"{name}-checked",
        "--no-html-report",
    )  # fmt: skip
    said = []
    for file in sorted((folder / f"{name}-checked").rglob("failed*.log")):
        for item in _objects(file.read_text()):
            invariant = item.get("invariant", {})
            words = str(
                invariant.get("text_description") or invariant.get("relation", "an invariant")
            )
            said.append((str(invariant.get("relation", "invariant")), "error", words))
    return said


def _objects(text: str) -> list[dict]:
    """JSON objects, one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while (start := text.find("{", at)) >= 0:
        item, at = decoder.raw_decode(text, start)
        found.append(item)
    return found


def _call(folder: Path, command: str, *words: str) -> None:
    child = measure.run_child([Path(sys.executable).parent / command, *words], folder, LIMIT)
    if child.code != 0:
        raise Broken(f"{command}: {child.why}")
