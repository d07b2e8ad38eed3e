"""What a run's numbers look like in a terminal or a pipe. Words in, lines out; imports no torch."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goingdeep.errors import one_line, printable
from goingdeep.record import Manifest, encoding
from goingdeep.record.runs import LATEST, RUNS, as_typed, short_name
from goingdeep.train.ejectable import MODELS, obstacles
from goingdeep.train.settings import build
from goingdeep.words import cells, clip, many, pad

if TYPE_CHECKING:
    from torch import nn

    from goingdeep.train.saved import Predictions

MOST_CLASSES = 40
MOST_CONFUSED = 3

PUBLISHED = {
    "fashion-mnist": "a plain MLP 88.3 %, small CNNs 92 to 94 %, ResNet-18 94.9 %, WRN-40-4 96.7 %",
    "mnist": "a plain MLP 98.4 %, LeNet-5 99.05 %, small CNNs 99.2 to 99.7 %",
    "cifar10": "small CNNs 75 to 85 %, ResNet-20 91.25 %, WRN-28-10 96.0 %",
}
"""For comparison, trained on the whole training part and tested on the whole test part."""


def accuracy_line(test: Mapping[str, Any]) -> str:
    """The one line that is always printed.

    >>> accuracy_line({"accuracy": 0.9261, "interval": [0.9208, 0.9311]})
    'Test accuracy 92.61 % (95 % interval 92.08 to 93.11)'
    """
    low, high = test["interval"]
    interval = f"95 % interval {_percent(low)} to {_percent(high)}"
    return f"Test accuracy {_percent(test['accuracy'])} % ({interval})"


def opening(manifest: Manifest, model: nn.Module) -> str:
    """What is about to be trained, on what, and how."""
    data, values = manifest.data, {k: v.value for k, v in manifest.settings.items()}
    if data is None:
        return ""
    c, h, w = data.image
    counts = ", ".join(f"{count:,} {part}" for part, count in data.counts.items())
    parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    reason = manifest.settings["precision"].reason
    reason = f" ({reason})" if reason else ""
    threads = f", {many(int(values['threads']), 'thread')}" if values["device"] == "cpu" else ""
    what = f"{counts} images f32[N,{c},{h},{w}], {len(data.class_names)} classes"
    steps, size = manifest.plan.get("steps", 0), int(values["batch_size"])
    plan = f"{many(steps, 'step')} of {many(size, 'image')}"
    lines = [
        f"data    {printable(data.name)}: {what}",
        *(f"        {printable(note)}" for note in data.notes),
        f"model   {printable(str(values['model']))}: {parameters:,} parameters",
        f"recipe  {values['recipe']}: {plan}, seed {values['seed']}",
        f"device  {values['device']}{threads}, {values['precision']}{reason}",
        "",
    ]
    return "\n".join(lines)


def result_text(folder: Path, manifest: Manifest, result: Mapping[str, Any]) -> str:
    """The end of a run: the result, a table by class, where everything is and what to try next."""
    name = manifest.data.name if manifest.data else ""
    place = str(as_typed(folder))
    lines = [
        "",
        test_text(result["test"]),
        f"model    {result['chosen']}",
        f"time     {result['seconds']:.1f} s, test and files included",
        f"run      {printable(place)}",
    ]
    if name in PUBLISHED:
        lines.insert(2, f"published for {name}: {PUBLISHED[name]}")
    if (folder / "worst-errors.png").is_file():
        lines.append(f"picture  {printable(place)}/worst-errors.png (the most confident mistakes)")
    if (folder / "report.html").is_file():
        lines.append(f"page     {printable(place)}/report.html (the run, step by step)")
    return "\n".join([*lines, "", "try next", *_suggestions(folder, manifest)])


def _suggestions(folder: Path, manifest: Manifest) -> Iterable[str]:
    """Commands that can be pasted; the newest run need not be named."""
    newest = (folder.parent / LATEST).resolve() == folder.resolve()
    run = "" if newest and folder.parent.name == RUNS.name else f" {short_name(folder)}"
    commands = {
        f"gd predict{run} PICTURE.png": "what is in a picture",
    }
    settings = build(manifest.settings)
    if settings.model in MODELS and manifest.data and not obstacles(settings, manifest.data):
        commands[f"gd eject{run}"] = "the same training as a plain PyTorch script"
    source = manifest.data.source if manifest.data else ""
    if source:
        # A name stays as it is; so does a path that leads elsewhere.
        typed = shlex.quote(printable(str(as_typed(Path(source)))))
        other = "fast" if _recipe(manifest) == "best" else "best"
        why = "less time" if other == "fast" else "more accurate, and takes minutes"
        commands[f"gd train {typed} --recipe {other}"] = why
    width = max(cells(command) for command in commands)
    return (f"  {pad(command, width)}   {why}" for command, why in commands.items())


def test_text(test: Mapping[str, Any]) -> str:
    """Accuracy, mirror averaging, calibration, the classes, and which are taken for each other."""
    lines = [accuracy_line(test)]
    if "mirror_accuracy" in test:
        lines.append(
            f"with each image also mirrored, and both predictions averaged: "
            f"{_percent(test['mirror_accuracy'])} %"
        )
    lines += ["", *class_table(test["per_class"]), ""]
    pairs = test["confused"][:MOST_CONFUSED]
    if pairs:
        said = (
            f"{clip(p['label'])} taken for {clip(p['prediction'])} ({many(p['count'], 'time')})"
            for p in pairs
        )
        lines.append("most often: " + f"\n{' ' * 12}".join(said))
    lines.append(
        f"calibration error {_percent(test['ece'])} %, "
        f"{_percent(test['ece_after'])} % after temperature {test['temperature']:.2f}"
    )
    return "\n".join(lines)


def class_table(rows: list[dict[str, Any]]) -> list[str]:
    """A line a class; with very many classes the worst ones."""
    shown, title = rows, "class"
    if len(rows) > MOST_CLASSES:
        shown = sorted(rows, key=lambda row: float(row["f1"]))[:MOST_CLASSES]
        title = f"the {MOST_CLASSES} hardest of {len(rows)} classes"
    names = [clip(str(row["name"])) for row in shown]
    width = max([cells(title), *(cells(name) for name in names)])
    lines = [f"{pad(title, width)}   images  precision  recall      F1"]
    lines += [
        f"{pad(name, width)}  {row['support']:>7,}  {_percent(row['precision']):>9}"
        f"  {_percent(row['recall']):>6}  {_percent(row['f1']):>6}"
        for name, row in zip(names, shown, strict=True)
    ]
    return lines


def predictions(found: Predictions, *, as_json: bool) -> Iterable[str]:
    """A line a picture: the class, its probability, and the runners-up."""
    for path, row in zip(found.paths, found.probabilities, strict=True):
        order = row.argsort()[::-1][:3]
        if as_json:
            best = {found.class_names[i]: round(float(row[i]), 6) for i in order}
            content = {"file": path, "class": found.class_names[order[0]], "probabilities": best}
            yield encoding.to_json(content).decode()
        else:
            others = ", ".join(
                f"{clip(found.class_names[i])} {_percent(row[i])} %" for i in order[1:]
            )
            first = f"{clip(found.class_names[order[0]])} {_percent(row[order[0]])} %"
            yield f"{clip(path, 200)}  {first}  ({others})"


def run_list(
    runs: Sequence[tuple[Path, Manifest, Mapping[str, Any] | None]], *, as_json: bool
) -> Iterable[str]:
    """A line a run, the newest first."""
    if as_json:
        yield encoding.indented(
            [
                {
                    "run": str(path),
                    "kind": manifest.kind,
                    "status": manifest.status,
                    "steps": manifest.plan.get("steps"),
                    "created": manifest.created,
                    "accuracy": result["test"]["accuracy"] if result else None,
                }
                for path, manifest, result in runs
            ]
        )
        return
    if not runs:
        yield "no runs yet; make one: gd train"
        return
    names = [one_line(path.name) for path, _, _ in runs]
    results = [_outcome(manifest, result) for _, manifest, result in runs]
    width, room = max(map(cells, names)), max(8, *map(len, results))
    for name, outcome, (_, manifest, _) in zip(names, results, runs, strict=True):
        yield (
            f"{pad(name, width)}  {manifest.status:<11}  {outcome:>{room}}"
            f"  {manifest.created[:19].replace('T', ' ')}"
        )


def _outcome(manifest: Manifest, result: Mapping[str, Any] | None) -> str:
    """Accuracy of a training that has finished, steps of a loop that was watched."""
    if manifest.kind == "watch":
        return many(manifest.plan.get("steps", 0), "step")
    return f"{_percent(result['test']['accuracy'])} %" if result else ""


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.2f}"


def _recipe(manifest: Manifest) -> str:
    setting = manifest.settings.get("recipe")
    return str(setting.value) if setting else ""
