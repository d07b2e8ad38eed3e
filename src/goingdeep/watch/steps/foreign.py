"""Optimizers that are not torch's, so that torch's own hooks know nothing of them: Keras, fastai.

They are wrapped once the program has imported them.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from goingdeep.watch.patches import Row
from goingdeep.watch.reading.aside import not_now
from goingdeep.watch.steps.clears import cleared, optimizer_clear, optimizer_made

if TYPE_CHECKING:
    from goingdeep.watch.watcher import Watcher

Args = tuple[Any, ...]
Kwargs = dict[str, Any]

KERAS = "keras.src.optimizers.base_optimizer"
_FASTAI = "fastai.optimizer"


# Keras ------------------------------------------------------------------------------------------


def _keras_built(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    variables = args[1] if len(args) > 1 else kwargs.get("variables")
    if not isinstance(variables, list | tuple):
        return
    parameters = [variable.value for variable in variables]
    watcher.optimizers.foreign(args[0], watcher.recorder.sites.here(3), parameters)


def _keras_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> Any:
    site = watcher.recorder.sites.here(3)
    variables = args[2] if len(args) > 2 else kwargs.get("trainable_variables")
    parameters = [variable.value for variable in variables or ()]
    known = watcher.optimizers.foreign(args[0], site, parameters)
    if known is None or not_now():
        return None
    known.lane = watcher.lane()
    watcher.optimizers.write_foreign(known, args[0], parameters)
    return known, site, known.gradients.before_step()


def _keras_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    if token is not None:
        watcher.lane().foreign_step(*token)


# fastai -----------------------------------------------------------------------------------------


def _fastai_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    watcher.lane().step_started(args[0], False)


def _fastai_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.lane().step_ended(args[0])


ROWS: tuple[Row, ...] = (
    Row(f"{KERAS}:BaseOptimizer", "build", None, _keras_built, needs=KERAS),
    Row(f"{KERAS}:BaseOptimizer", "apply", _keras_before, _keras_after, needs=KERAS),
    Row(f"{_FASTAI}:Optimizer", "__init__", None, optimizer_made, needs=_FASTAI),
    Row(f"{_FASTAI}:Optimizer", "step", _fastai_before, _fastai_after, needs=_FASTAI),
    Row(
        f"{_FASTAI}:Optimizer", "zero_grad", functools.partial(optimizer_clear, to="zero"), cleared,
        needs=_FASTAI,
    ),
)  # fmt: skip
