"""traincheck 0.2.0: what always held in the mended twin is what a case must not break.

    traincheck-collect    traces the twin                 traincheck-infer    what always held in it
    traincheck-collect    traces the case, and the twin   traincheck-check    what did not hold there
                          again with another seed

It follows the model that stands in a variable at the top of a program, so many cases are out of its
reach. A case takes minutes: it is asked about every sixth of those within its reach, in alphabetical
order, as many as can be begun in MINUTES, and each of its commands may take LIMIT seconds of processor
time. What it said is kept in results/traincheck.json and not asked again, until the case or the version
changes: another call goes on where this one ended. It names no mistake.
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measure
from judged.program import Answer, Program

MODELS = ("model", "net", "network", "classifier", "encoder", "policy", "rnn", "dalle", "learn")
EVERY = 6
LIMIT = 60
"""Seconds of processor time for each of its commands."""

MINUTES = 10.0
"""Within which cases are begun that it was not asked about before."""

PATIENCE = 3600.0
KEPT = measure.RESULTS / "traincheck.json"

MEND = Path(__file__).parents[1] / "watched" / "mend.py"


class Broken(Exception):  # noqa: N818 - an answer
    """One of its commands did not end well."""


def ask(wanted: Sequence[Program], folder: Path) -> list[Answer]:
    """What it says, or said once, of each case that is asked about, and of its twin."""
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    answers = []
    until = time.monotonic() + 60 * MINUTES
    for case, twin in chosen(wanted):
        mark = _mark(case, twin)
        entry = known.get(case.name)
        if entry is None or entry["mark"] != mark:
            if time.monotonic() > until:
                continue
            said = _ask(case, twin, tracked(case.path), folder / f"traincheck-{case.name}")
            entry = {"mark": mark, "answers": {a.program.kind: _plain(a) for a in said}}
            known[case.name] = entry
            KEPT.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
        for program in (case, twin):
            kept = entry["answers"][program.kind]
            broken = tuple((code, "error", what) for code, what in kept["broken"])
            answers.append(
                Answer("traincheck", program, broken, kept["error"], kept["seconds"], kept["cpu"])
            )
        print("+", end="", flush=True)
    return answers


def chosen(wanted: Sequence[Program]) -> list[tuple[Program, Program]]:
    """Every sixth case that it can follow, with its twin."""
    twins = {program.name: program for program in wanted if program.kind == "twin"}
    cases = [program for program in wanted if program.kind == "case"]
    within = [c for c in cases if tracked(c.path) and tracked(twins[c.name].path)]
    return [(case, twins[case.name]) for case in sorted(within, key=lambda c: c.name)[::EVERY]]


def _mark(case: Program, twin: Program) -> str:
    """What an answer depends on, in short."""
    version = measure.versions(("traincheck",))["traincheck"]
    texts = case.path.read_text() + twin.path.read_text()
    return f"{version} {LIMIT} {hashlib.sha256(texts.encode()).hexdigest()[:16]}"


def _plain(answer: Answer) -> dict[str, Any]:
    """An answer as it is kept: of each broken invariant its kind and its text's hash; some texts."""
    broken = {
        (code, hashlib.sha256(words.encode()).hexdigest()[:12]) for code, _, words in answer.said
    }
    return {
        "broken": sorted(broken), "examples": [words[:200] for _, _, words in answer.said[:3]],
        "error": answer.error, "seconds": round(answer.seconds, 1), "cpu": round(answer.cpu, 1),
    }  # fmt: skip


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
    spent = [0.0, 0.0]
    try:
        _collect(twin, model, folder, "reference", spent)
        _call(folder, spent, "traincheck-infer", "-f", "reference", "-o", str(learnt))
    except (Broken, OSError) as error:
        return [Answer("traincheck", p, error=str(error), cpu=spent[1]) for p in (case, twin)]
    answers = []
    for program in (case, twin):
        try:
            _collect(program, model, folder, program.kind, spent, "-i", str(learnt))
            said = _check(folder, program.kind, learnt, spent)
            answers.append(Answer("traincheck", program, tuple(said), "", *spent))
        except (Broken, OSError, ValueError, KeyError) as error:
            answers.append(Answer("traincheck", program, (), str(error) or repr(error), *spent))
        spent = [0.0, 0.0]
    shutil.rmtree(folder, ignore_errors=True)  # traces are large
    return answers


def _collect(
    program: Program, model: str, folder: Path, name: str, spent: list[float], *options: str
) -> None:
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
        folder, spent, "traincheck-collect", "-p", str(script), "-s", str(place / "run.sh"),
        "--models-to-track", model, "--output-dir", name, *options,
    )  # fmt: skip


def _check(folder: Path, name: str, learnt: Path, spent: list[float]) -> list[tuple[str, str, str]]:
    _call(
        folder, spent, "traincheck-check", "-f", name, "-i", str(learnt), "-o", f"{name}-checked",
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


def _call(folder: Path, spent: list[float], command: str, *words: str) -> None:
    limited = ["sh", "-c", f'ulimit -t {LIMIT}; exec "$@"', "sh"]
    beside = str(Path(sys.executable).parent / command)
    child = measure.run_child([*limited, beside, *words], folder, PATIENCE)
    spent[0] += child.wall
    spent[1] += child.cpu
    if child.code < 0:
        raise Broken(f"{command}: not done after {LIMIT} s of processor time")
    if child.code != 0:
        raise Broken(f"{command}: {child.why}")
