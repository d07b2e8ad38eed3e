"""Why do we flatten?

## Short answer
A fully connected layer multiplies the last axis of what it is given, and every number in it has a
weight of its own. So the numbers of one image have to stand in one row: C, H and W become one axis,
N stays. Nothing is computed and nothing is lost; but what comes after cannot tell which pixels were
neighbours.

## Asked as
* why flatten, nn.Flatten, what does flatten do, view(-1), reshape, start_dim
* mat1 and mat2 shapes cannot be multiplied, does a linear layer need 2-d input
* does flatten copy the data, does it lose the structure of the image

## Sources
* PyTorch, torch.nn.Flatten: https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html
* PyTorch, torch.nn.Linear: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
* PyTorch, Tensor views: https://docs.pytorch.org/docs/stable/tensor_view.html

## Read next
nchw, sequential
"""

from __future__ import annotations

from collections.abc import Iterator

from goingdeep.record import look
from goingdeep.record.answer import Blocks, Table, Text
from goingdeep.record.reading import Seen
from goingdeep.show.numbers import exact, number, percent, spell
from goingdeep.why.damage import damage
from goingdeep.why.lesson import Claim, Judged, Lesson, judged
from goingdeep.why.lessons.flatten.measured import Found, measure
from goingdeep.why.scores import Score, Share, in_words, value_of


def recorded(seen: Seen) -> Iterator[Blocks]:
    """Where axes were joined, at the first close look."""
    for step, close in sorted(seen.looks.items()):
        for call in close.of(look.LookCall):
            if not (call.inputs and call.outputs) or call.class_name != "Flatten":
                continue
            before, after = (spell(v[0].dtype, v[0].shape) for v in (call.inputs, call.outputs))
            yield Text(
                f"In step {number(step)} layer {call.module} (Flatten) made {after} of {before}."
            )
        return


def see(found: Found) -> Iterator[Blocks]:
    """Which pixel lands in which column, and whether anything is copied."""
    where = f"layer {found.layer}" if found.layer else "the batch"
    height, width = found.before[-2:]
    rows = tuple(
        (
            ",".join(map(str, p.at)),
            f"{p.at[0]}*{height * width} + {p.at[1]}*{width} + {p.at[2]} = {p.by_hand}",
            exact(p.value),
            exact(p.flat),
        )
        for p in found.pixels
    )
    yield Table(
        f"{where}: {spell('float32', found.before)} becomes {spell('float32', found.after)}",
        ("pixel c,i,j of sample 0", "column, by hand", "before", "in that column"),
        rows,
        "llrr",
    )
    yield Text(
        "Before and after are the same numbers in the same memory: nothing was copied."
        if found.shares
        else "What it was given does not lie in one piece in memory, in this order: it was copied."
    )
    yield Text(f"What a Linear needs is that the last axis fits: {found.linear}.")


def broken(found: Found) -> Iterator[Blocks]:
    """No flatten, a flatten of everything, samples mixed, pixels shuffled."""
    for failure in (found.without or found.wrong_size, found.all, found.rows):
        if failure is not None:
            yield failure
    yield Table(
        f"{spell('float32', found.before)} counted anew: rows that are not one sample",
        ("written", "gives", "of several", "of a part"),
        tuple(
            (
                view.written,
                spell("float32", view.shape),
                f"{view.of_several} of {view.shape[0]}",
                f"{view.parts} of {view.shape[0]}",
            )
            for view in found.views
        ),
        "llrr",
        note="-1 is whatever is left over; only the first way leaves N where it was and whole",
    )
    if found.trial is not None:
        yield Text("Without its Flatten this model raises nothing: the mistake is silent.")
        yield from damage(found.recorded, [found.trial], title="without Flatten")
    if found.pace.said:
        yield Text(found.pace.said)
    base = found.pace.base.trial
    title = "samples mixed by a wrong view, and pixels shuffled"
    yield from damage(base.losses, [found.mixed, found.shuffled], title=title, base=base.name)
    mixed, own = found.depends
    yield Text(
        f"How much one image's output depends on the other images of the batch: {percent(mixed)} of "
        f"its gradient when samples are mixed, {percent(own)} as it should be."
    )
    one, other = (in_words(score) for score in found.scores)
    yield Text(
        f"On {found.judged_by}: {one} with the pixels in place, {other} with all of them shuffled "
        "into another order, the same for every image."
    )


def _needs_2d(found: Found) -> Judged:
    error = found.wrong_size
    verdict = "false" if " gives " in found.linear and error is not None else "true"
    if verdict == "false":
        return judged(
            "false",
            f"{found.linear}: only the last axis counts. Where that does not fit there is an error.",
            axes=len(found.before),
        )
    return judged("true", f"With {len(found.before)} axes it did not work.", axes=len(found.before))


def _loses_structure(found: Found) -> Judged:
    in_place, shuffled = found.scores
    numbers = {"in_place": value_of(in_place), "shuffled": value_of(shuffled)}
    if not found.back:
        return judged(
            "true", f"unflatten does not give the {len(found.before)}-d tensor back.", **numbers
        )
    said = f"unflatten gives the {len(found.before)}-d tensor back, bit for bit: nothing is lost."
    compared = (
        f"{in_words(in_place)} with the pixels in place, {in_words(shuffled)} with them shuffled"
    )
    if _worse(shuffled, in_place):
        return judged(
            "false", f"{said} And this model makes use of the structure: {compared}.", **numbers
        )
    return judged(
        "half true",
        f"{said} But this model makes no use of who is whose neighbour: {compared}.",
        **numbers,
    )


def _worse(one: Score, other: Score) -> bool:
    if isinstance(one, Share) and isinstance(other, Share):
        return other.clearly_above(one)
    return value_of(one) > 1.1 * value_of(other)


def _copies(found: Found) -> Judged:
    numbers = {"shares_memory": found.shares, "shares_after_transpose": found.permuted}
    if found.shares and found.permuted:
        return judged("false", "1 memory for both, transposed or not.", **numbers)
    if found.shares:
        return judged(
            "false",
            f"{spell('float32', found.before)} and {spell('float32', found.after)} begin at the same "
            "address: the same memory, counted in another way. Only what does not lie in order (after "
            "permute or transpose) is copied.",
            **numbers,
        )
    return judged(
        "true",
        f"Here {spell('float32', found.before)} did not lie in order in memory, and was copied. One "
        "that does is not.",
        **numbers,
    )


LESSON = Lesson(
    measure=measure,
    recorded=recorded,
    see=see,
    broken=broken,
    claims=(
        Claim("Linear layers need 2-d input.", _needs_2d),
        Claim("Flatten loses the picture's structure.", _loses_structure),
        Claim("Flatten copies the data.", _copies),
    ),
    places=("forward", "model"),
)
