"""What `gd data show` prints of the facts of a data set. Words in, lines out; imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from goingdeep.errors import printable
from goingdeep.words import cells, clip, many, pad

MOST_CLASSES = 40
MOST_UNREADABLE = 10


def facts_text(facts: Mapping[str, Any], picture: Path) -> str:
    """Size, classes, values, duplicates and what was left out.

    Args:
        facts: see `goingdeep.data.facts`. picture: where the contact sheet was drawn.
    """
    c, h, w = facts["shape"]
    kind = {1: "grey", 3: "colour"}.get(c, f"{c} channels")
    lines = [
        f"data      {printable(facts['name'])}",
        f"images    f32[N,{c},{h},{w}]: {kind}, {w} wide, {h} high",
        *(_part(name, part) for name, part in facts["parts"].items()),
        "",
        *_classes(facts["classes"], facts["parts"]),
        "",
        *_duplicates(facts["duplicates"]),
        *_sizes(facts["pictures"]),
        *_unreadable(facts["unreadable"]),
        *(f"note      {printable(note)}" for note in facts["notes"]),
        f"picture   {printable(str(picture))} (some images of each class)",
    ]
    return "\n".join(lines)


def _part(name: str, part: Mapping[str, Any]) -> str:
    """Mean and standard deviation are what a normalisation of inputs would use."""
    mean = ", ".join(f"{value:.3f}" for value in part["mean"])
    std = ", ".join(f"{value:.3f}" for value in part["std"])
    pixels = f"pixels {part['lowest']} to {part['highest']}"
    return f"{name:<10}{many(part['count'], 'image')}; {pixels}; in 0..1: mean {mean}, std {std}"


def _classes(names: list[str], parts: Mapping[str, Any]) -> Iterable[str]:
    """A line a class, with how many images of it are in each part."""
    shown = [clip(name) for name in names[:MOST_CLASSES]]
    title = "class" if len(shown) == len(names) else f"class ({len(shown)} of {len(names)})"
    width = max(cells(text) for text in (title, *shown))
    widths = {part: max(8, len(part)) for part in parts}
    yield pad(title, width) + "".join(f"  {part:>{widths[part]}}" for part in parts)
    for k, name in enumerate(shown):
        counts = (f"  {parts[part]['per_class'][k]:>{widths[part]},}" for part in parts)
        yield pad(name, width) + "".join(counts)


def _duplicates(counts: Mapping[str, int]) -> Iterable[str]:
    """Equal images, and why each kind of them matters."""
    said = []
    for kind, count in counts.items():
        if not count:
            continue
        if kind == "within_train":
            said.append(f"{many(count, 'training image')} equal to an earlier one")
        elif kind == "two_labels":
            said.append(f"{many(count, 'training image')} with an equal under another label")
        else:
            one, _, other = kind.partition("_in_")
            said.append(f"{many(count, f'{other} image')} also in {one}: memory, not learning")
    return [f"equal     {text}" for text in said] or ["equal     no two images are the same"]


def _sizes(pictures: Mapping[str, Any] | None) -> Iterable[str]:
    """Sizes before resizing; only pictures in a folder have them."""
    if not pictures or pictures["sizes"] < 2:
        return
    smallest, median, largest = (
        "x".join(f"{side:g}" for side in pictures[key]) for key in ("smallest", "median", "largest")
    )
    yield (
        f"sizes     {pictures['sizes']} different: {smallest} to {largest}, "
        f"median {median} (width x height)"
    )
    most, mean = pictures["crop_loses_most"], pictures["crop_loses_mean"]
    yield f"          cropping would cut {mean:.0%} of a picture on average, {most:.0%} at most"


def _unreadable(unreadable: Mapping[str, Any]) -> Iterable[str]:
    """Files that were left out, each with the reason."""
    files = unreadable["files"][:MOST_UNREADABLE]
    for file in files:
        yield f"left out  {printable(file['path'])}: {printable(file['why'])}"
    more = unreadable["count"] - len(files)
    if more > 0:
        yield f"left out  and {many(more, 'more file', 'more files')}"
