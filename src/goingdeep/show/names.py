"""What to call optimizers, models, loaders and places, so that two of them can be told apart."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import PurePath

from goingdeep.record import seen
from goingdeep.record.reading import Seen
from goingdeep.record.runs import here
from goingdeep.show.numbers import number

_PACKAGES = ("site-packages", "dist-packages")


class Names:
    """Names for everything that was seen in one run."""

    def __init__(self, found: Seen) -> None:
        self._seen = found
        self._optimizers = _told_apart(
            {i: self._optimizer_names(o) for i, o in found.optimizers.items()}
        )
        self._models = _told_apart({i: [_class(m.class_name)] for i, m in found.models.items()})
        self._loaders = _told_apart({i: _loader_names(e) for i, e in found.loaders.items()})
        files = {s.file for s in found.sites.values() if s.file}
        self._files = short_files(files)
        self._typed = {file: typed(file) or short for file, short in self._files.items()}
        self._via = short_files({s.via_file for s in found.sites.values() if s.via_file})

    def optimizer(self, number_: int) -> str:
        """Its class; with the models it owns, or its number, where several have the same class."""
        return self._optimizers.get(number_, f"optimizer {number(number_)}")

    def model(self, number_: int) -> str:
        """Its class, with its number where several have the same one."""
        return self._models.get(number_, f"model {number(number_)}" if number_ >= 0 else "a module")

    def loader(self, number_: int) -> str:
        """The class of its dataset, with its part or size where several have the same one."""
        return self._loaders.get(number_, f"loader {number(number_)}")

    def dataset(self, number_: int) -> str:
        """The class of a loader's dataset, with its part where that is known."""
        known = self._seen.loaders.get(number_)
        return (_loader_names(known)[1] or _loader_names(known)[0]) if known else "a loader"

    def place(self, site: seen.Site | None) -> str:
        """File and line, as short as they can be told from others: "train.py:41"."""
        return f"{self._files.get(site.file, site.file)}:{number_of(site.line)}" if site else ""

    def full_place(self, site: seen.Site | None) -> str:
        """File and line, from here or from the package on: "goingdeep/train/loop.py:62"."""
        return f"{self._typed.get(site.file, site.file)}:{number_of(site.line)}" if site else ""

    def via(self, site: seen.Site | None) -> str:
        """The framework's own line, "" where there is none."""
        if site is None or not site.via_file:
            return ""
        return f"{self._via.get(site.via_file, site.via_file)}:{number_of(site.via_line)}"

    def owned(self, optimizer: int) -> str:
        """What an optimizer owns: the model, where no other one has a part of it; else its name."""
        models = self._models_of(optimizer)
        others = [self._models_of(other) for other in self._seen.optimizers if other != optimizer]
        if models and not any(models & other for other in others):
            return ", ".join(self.model(number) for number in sorted(models)[:3])
        return self.optimizer(optimizer)

    def _models_of(self, optimizer: int) -> set[int]:
        found = self._seen.optimizers.get(optimizer)
        return {m for group in found.groups for m in group.owns} if found else set()

    def _optimizer_names(self, optimizer: seen.Optimizer) -> list[str]:
        if optimizer.by_hand:
            return ["the loop itself"]
        models = [m for group in optimizer.groups for m in group.owns]
        classes = [
            _class(self._seen.models[m].class_name) for m in models if m in self._seen.models
        ]
        name = _class(optimizer.class_name) or "optimizer"
        return [name, f"{name} of {', '.join(dict.fromkeys(classes))}" if classes else ""]


def number_of(line: int) -> str:
    """A line's number, as editors know it: without commas."""
    return number(line).replace(",", "")


def _told_apart(choices: dict[int, list[str]]) -> dict[int, str]:
    """For each the first of its names that nobody else has; else its first, with its number."""
    taken: dict[str, int] = {}
    for names in choices.values():
        for name in set(names):
            taken[name] = taken.get(name, 0) + 1
    return {
        i: next((n for n in names if n and taken[n] == 1), f"{names[0]} {number(i)}".strip())
        for i, names in choices.items()
    }


def _loader_names(loader: seen.Loader) -> list[str]:
    data, name = loader.dataset, _class(loader.dataset.class_name) or "loader"
    part = "" if data.train is None else f"{name} ({'train' if data.train else 'test'} part)"
    return [name, part, f"{name} of {number(data.length)}" if data.length is not None else ""]


def _class(name: str) -> str:
    """The name of a class without the function in which it was made."""
    return name.rpartition("<locals>.")[2]


def short_files(files: Iterable[str]) -> dict[str, str]:
    """For each path its shortest end that no other has."""
    names = list(files)
    ends: dict[str, int] = {}
    for file in names:
        for end in _ends(file):
            ends[end] = ends.get(end, 0) + 1
    return {file: next((e for e in _ends(file) if ends[e] == 1), file) for file in names}


def typed(file: str) -> str:
    """A file as one would type it here, or from the package on that it belongs to; else ""."""
    folder = f"{here()}{os.sep}"  # compared as text: the record may be from elsewhere
    if file.startswith(folder) and os.path.exists(file):  # noqa: PTH110 - never raises
        return file.removeprefix(folder)
    return inside_package(file)


def _ends(file: str) -> list[str]:
    """The last part of a path, the last two, and so on, at most six."""
    parts = PurePath(file[-2000:]).parts
    return [str(PurePath(*parts[-n:])) for n in range(1, min(len(parts), 6) + 1)]


def inside_package(file: str) -> str:
    """The path from the installed package on: "lightning/pytorch/loops/fetchers.py"."""
    parts = PurePath(file[-2000:]).parts
    for i, part in enumerate(parts[:-1]):
        if part in _PACKAGES or (part == "src" and parts[i + 1] == "goingdeep"):
            return str(PurePath(*parts[i + 1 :]))
    return ""
