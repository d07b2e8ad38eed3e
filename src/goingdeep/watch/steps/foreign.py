"""Optimizers that are not torch's, so that torch's own hooks know nothing of them: Keras, fastai.

They are wrapped once the program has imported them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goingdeep.watch.patches import Row
from goingdeep.watch.reading.aside import not_now

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


def _fastai_made(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.optimizers.seen(args[0], watcher.recorder.sites.here(4))


def _fastai_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    watcher.lane().step_started(args[0], False)


def _fastai_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.lane().step_ended(args[0])


def _fastai_clear(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    optimizer = args[0]
    known = watcher.optimizers.seen(optimizer)
    watcher.lane().clear_started(
        "optimizer",
        known.number if known is not None else -1,
        "zero",
        lambda: [p for group in optimizer.param_groups for p in group["params"]],
    )


def _fastai_cleared(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    lane = watcher.lane()
    if lane.looking:
        lane.clear_ended()


ROWS: tuple[Row, ...] = (
    Row(f"{KERAS}:BaseOptimizer", "build", None, _keras_built, needs=KERAS),
    Row(f"{KERAS}:BaseOptimizer", "apply", _keras_before, _keras_after, needs=KERAS),
    Row(f"{_FASTAI}:Optimizer", "__init__", None, _fastai_made, needs=_FASTAI),
    Row(f"{_FASTAI}:Optimizer", "step", _fastai_before, _fastai_after, needs=_FASTAI),
    Row(f"{_FASTAI}:Optimizer", "zero_grad", _fastai_clear, _fastai_cleared, needs=_FASTAI),
)
