"""What happened to single parameters, gathered from the close looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from goingdeep.check.run import LookBackward, Run
from goingdeep.record.seen import Model, Parameter

Name = tuple[int, str]
"""Number of the model and name of the parameter in it."""


LEAST_LOOKS = 3
"""Steps that were looked at: the first three are, in every run."""

FAR_APART = 8
"""Steps between two looks that stand for those in between, which nobody looked at."""


@dataclass
class Reached:
    """How often, and when, backward gave a parameter a gradient that is not zero."""

    looks: int = 0
    first: int = 0
    last: int = 0
    norms: list[float] = field(default_factory=list)

    @property
    def often(self) -> bool:
        """Whether it was no exception."""
        far = self.looks > 1 and self.last - self.first >= FAR_APART
        return self.looks >= LEAST_LOOKS or far


def with_gradient(run: Run) -> dict[Name, Reached]:
    """The parameters that got a gradient in the steps that were looked at."""
    found: dict[Name, Reached] = {}
    for step in sorted(run.looks):
        for name, norm in gradients_at(run, step).items():
            if norm > 0:
                reached = found.setdefault(name, Reached(first=step))
                reached.looks += 1
                reached.last = step
                reached.norms.append(norm)
    return found


def gradients_at(run: Run, step: int) -> dict[Name, float]:
    """{parameter: norm of its gradient} after the last backward of a step that was looked at.

    0 where a later backward took away what an earlier one gave, as with a critic's last bias.
    """
    found: dict[Name, float] = {}
    for backward in run.looks[step].of(LookBackward):
        for gradient in backward.gradients:
            name = gradient.model, gradient.name
            if gradient.state == "value":
                found[name] = gradient.norm if isinstance(gradient.norm, float) else 1.0
            elif gradient.state == "zero" and name in found:
                found[name] = 0.0
    return found


def trainable(model: Model) -> list[Parameter]:
    """The parameters of a model that ask for a gradient, tied ones once."""
    return [p for p in model.parameters if p.trainable and not p.tied_to]


def children(names: Iterable[str]) -> list[str]:
    """The parts of a model that hold some parameters, as short as they can be said.

    >>> children(["encoder.0.weight", "encoder.0.bias", "scale"])
    ['encoder', 'scale']
    """
    return list(dict.fromkeys(name.split(".", 1)[0] for name in names))


def listed(names: list[str], most: int = 4) -> str:
    """Some names in words.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and more'
    """
    return ", ".join(names[:most]) + (" and more" if len(names) > most else "")
