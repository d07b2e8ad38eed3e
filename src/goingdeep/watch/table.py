"""The table: everything that is hooked or wrapped, in one place.

optimizer step                 official global hooks
forward                        torch.nn.Module._call_impl
backward, autograd.grad        torch.autograd._engine_run_backward, below a user's own patches
loss functions                 one level below torch.nn.functional (losses.FUNCTIONS)
softmax, log_softmax, sigmoid  whose lines are remembered at their nodes of the graph
Dropout, BatchNorm             the functions below them, which see the mode that really ran
clear, modes, construction     methods of Optimizer, Module, LRScheduler
clipping, GradScaler           the functions below clip_grad_norm_; methods
loaders, states, exchanges     passes.ROWS, states.ROWS, exchanges.ROWS
Keras on torch, fastai         foreign.ROWS: their own optimizers, once they have been imported
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from goingdeep.record.seen import CallMode, ModuleMade
from goingdeep.watch.data import passes
from goingdeep.watch.patches import Patches, Row
from goingdeep.watch.reading import graph
from goingdeep.watch.reading.aside import (
    SHAPES,
    dispatch_modes,
    function_modes,
    in_fx,
    not_now,
    quietly,
)
from goingdeep.watch.states import states
from goingdeep.watch.steps import clears, exchanges, foreign
from goingdeep.watch.steps.hidden import Hidden
from goingdeep.watch.steps.losses import FUNCTIONS

if TYPE_CHECKING:
    from goingdeep.watch.lane import Lane
    from goingdeep.watch.watcher import Watcher

Args = tuple[Any, ...]
Kwargs = dict[str, Any]
MODULES = "module calls"
OPTIMIZER_HOOKS = "optimizer hooks"
MAX_MODE_SITES = 512


def put_all(watcher: Watcher, patches: Patches) -> None:
    """Put every hook and every row on."""
    for row in (*ROWS, *passes.ROWS, *states.ROWS, *exchanges.ROWS, *foreign.ROWS):
        patches.put(row)
    started, ended = optimizer_hooks(watcher)
    patches.hook(register_optimizer_step_pre_hook(started))
    patches.hook(register_optimizer_step_post_hook(ended))


# Modules ----------------------------------------------------------------------------------------


def module_call(watcher: Watcher, original: Callable[..., Any]) -> Callable[..., Any]:  # noqa: PLR0915 - a function more is a call more
    """What stands in for `Module._call_impl`; it runs for every module on every step."""
    compiling = torch.compiler.is_dynamo_compiling
    in_backward = torch._C._current_autograd_node  # noqa: SLF001
    off, threads, lane_of = watcher.off, watcher.threads, watcher.lane
    models, places = watcher.models, watcher.models.places

    def watched(module: nn.Module, *args: Any, **kwargs: Any) -> Any:  # noqa: PLR0915
        if compiling() or watcher.idle or MODULES in off:
            return original(module, *args, **kwargs)
        passes_through = False
        try:
            try:
                lane = threads.lane
            except AttributeError:
                lane = lane_of()
            stack = lane.stack
            depth = len(stack)
            if depth:
                if id(module) not in places and not lane.outside:
                    unknown_module(watcher, lane, module)
            else:
                lane.outside = lane.newest() is not module and models.is_bare(module)
                if not lane.outside:
                    # Checkpointing runs forwards again inside backward: they are not the loop's.
                    passes_through = in_backward() is not None or _blind(watcher, args)
                    if not passes_through:
                        if function_modes() or dispatch_modes():
                            quietly(lane.forward_started, module, args, kwargs)
                        else:
                            lane.forward_started(module, args, kwargs)
            look = lane.look
            if look is not None:
                if lane.outside or passes_through:
                    look = None
                else:
                    look.call_started(module, args, kwargs)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not be the user's
            watcher.fault(MODULES, error)
            passes_through = True
        if passes_through:  # out here, where an error of the program's own is not taken for ours
            return original(module, *args, **kwargs)
        stack.append(module)
        try:
            output = original(module, *args, **kwargs)
        except BaseException:
            del stack[depth:]
            try:
                if look is not None:
                    look.call_failed(module)
                if not depth:
                    lane.forward_failed()
            except Exception as error:  # noqa: BLE001
                watcher.fault(MODULES, error)
            raise
        # With all above it: a fault in between may have left something there.
        del stack[depth:]
        if look is not None or not depth:
            try:
                if look is not None:
                    look.call_ended(module, args, output)
                if not depth and not lane.outside:
                    if function_modes() or dispatch_modes():
                        quietly(lane.forward_ended, module, args, kwargs, output)
                    else:
                        lane.forward_ended(module, args, kwargs, output)
            except Exception as error:  # noqa: BLE001
                watcher.fault(MODULES, error)
        return output

    return watched


def _blind(watcher: Watcher, args: Args = ()) -> bool:
    """Whether what runs now is no step of a loop: there is nothing to read in it."""
    where = not_now()
    # Tracers that work with stand-ins for tensors do not meet a plain tensor.
    if not where and not (args and type(args[0]) is Tensor):
        if in_fx():
            where = "torch.fx"
        elif foreign.KERAS in sys.modules and _only_shapes(args):
            where = SHAPES
    if where and where != SHAPES:
        watcher.recorder.gap(f"inside {where}", "what runs there has no values of its own")
    return bool(where)


def _only_shapes(args: Args) -> bool:
    """Whether Keras calls a layer only to learn which shape comes out."""
    first = args[0][0] if args and isinstance(args[0], list | tuple) and args[0] else args[:1]
    return type(first[0] if isinstance(first, tuple) and first else first).__name__ == "KerasTensor"


def unknown_module(watcher: Watcher, lane: Lane, module: nn.Module) -> None:
    """A module ran inside a model that does not know it: built just now, or kept in a plain list."""
    root = lane.stack[0]
    number = watcher.models.number(root)
    if number < 0 or id(module) in lane.hidden:
        return
    inside = type(root).__qualname__
    own = list(nn.Module.parameters(module))
    made = lane.made.get(id(module))
    if made is not None:
        key = (type(module).__qualname__, made)
        count = lane.made_counts[key] = lane.made_counts.get(key, 0) + 1
        if count in (1, 3) or (count > 4 and count & (count - 1) == 0):
            watcher.recorder.event(
                ModuleMade, class_name=key[0], inside=inside, model=number, site=made,
                count=count, parameters=bool(own),
            )  # fmt: skip
        return
    watcher.models.read_again(number)  # it may have been added since
    if id(module) in watcher.models.places:
        return
    lane.hidden.add(id(module))
    lane.hidden_waiting.append(
        Hidden(
            type(module).__qualname__, inside, number, watcher.recorder.sites.here(3),
            torch.is_grad_enabled(), [weakref.ref(p) for p in own],
        )
    )  # fmt: skip


def _module_made(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.put_waiting()  # whoever imports a framework soon makes a module
    lane = watcher.lane()
    if lane.stack and args:
        lane.made[id(args[0])] = watcher.recorder.sites.of_making(2)


# Optimizers -------------------------------------------------------------------------------------


def optimizer_hooks(watcher: Watcher) -> tuple[Callable[..., None], Callable[..., None]]:
    """The hooks before and after each optimizer step."""
    compiling = torch.compiler.is_dynamo_compiling
    off, lane_of = watcher.off, watcher.lane

    def started(optimizer: Any, args: Args, kwargs: Kwargs) -> None:
        if compiling() or watcher.idle or OPTIMIZER_HOOKS in off:
            return
        try:
            closure = (kwargs.get("closure") if len(args) < 2 else args[1]) is not None
            if function_modes() or dispatch_modes():
                quietly(lane_of().step_started, optimizer, closure)
            else:
                lane_of().step_started(optimizer, closure)
        except Exception as error:  # noqa: BLE001
            watcher.fault(OPTIMIZER_HOOKS, error)

    def ended(optimizer: Any, args: Args, kwargs: Kwargs) -> None:
        if compiling() or watcher.idle or OPTIMIZER_HOOKS in off:
            return
        try:
            if function_modes() or dispatch_modes():
                quietly(lane_of().step_ended, optimizer)
            else:
                lane_of().step_ended(optimizer)
        except Exception as error:  # noqa: BLE001
            watcher.fault(OPTIMIZER_HOOKS, error)

    return started, ended


def _scheduler_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    watcher.lane().scheduler_depth += 1


def _scheduler_made(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    lane = watcher.lane()
    lane.scheduler_depth -= 1
    if lane.scheduler_depth == 0:
        watcher.optimizers.scheduler(args[0], watcher.recorder.sites.here(3))


def _scheduled(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    lane = watcher.lane()
    lane.scheduler_depth -= 1
    if lane.scheduler_depth == 0:  # a scheduler of schedulers calls the ones inside
        site = watcher.recorder.sites.here(3)
        lane.add(("schedule", site, watcher.optimizers.scheduler(args[0])))


def _scheduler_failed(watcher: Watcher, token: Any, error: BaseException) -> None:
    watcher.lane().scheduler_depth -= 1


def _clipped(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    lane = watcher.lane()
    limit = args[1] if len(args) > 1 else kwargs.get("max_norm")
    limit = float(limit) if isinstance(limit, int | float) and limit == limit else None  # noqa: PLR0124
    if limit is not None and limit == float("inf"):
        limit = None
    lane.add(("clip", watcher.recorder.sites.here(3), "norm", limit, token))
    if watcher.moments is not None and watcher.moments.active and limit is not None:
        watcher.moments.clipped(lane, "norm", _parameters(args[0] if args else None), limit)


def _clipped_by_value(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    # Called by all that clips; `clip_grad_value_` calls nothing else that can be met when it was
    # imported by name before us.
    caller = sys._getframe(2)  # noqa: SLF001
    if caller.f_code.co_name == "clip_grad_value_":
        lane, limit = watcher.lane(), caller.f_locals.get("clip_value")
        site = watcher.recorder.sites.here(3)
        lane.add(("clip", site, "value", limit if limit != float("inf") else None, lane.states()))
        if watcher.moments is not None and watcher.moments.active and isinstance(limit, float):
            parameters = _parameters(caller.f_locals.get("parameters"))
            watcher.moments.clipped(lane, "value", parameters, limit)


def _parameters(given: Any) -> list[Tensor] | None:
    """What gradients were clipped of; None for a generator, which can be walked only once."""
    if isinstance(given, Tensor):
        return [given]
    return list(given) if isinstance(given, list | tuple) else None


def _clip_state(watcher: Watcher, args: Args, kwargs: Kwargs) -> str:
    return watcher.lane().states()


def _scaler(op: str, watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    site = watcher.recorder.sites.here(3)
    watcher.lane().add((op, site, bool(args[0].is_enabled())))


def _unscaled(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    _scaler("unscale", watcher, token, args, kwargs, result)
    moments, scaler = watcher.moments, args[0]
    if moments is not None and moments.active and scaler.is_enabled():
        # In the precision in which GradScaler itself takes the reciprocal.
        factor = torch.tensor(scaler.get_scale(), dtype=torch.float64).reciprocal().float()
        optimizer = args[1] if len(args) > 1 else kwargs["optimizer"]
        moments.unscaled(watcher.lane(), optimizer, float(factor))


def _scale_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    outputs = args[1] if len(args) > 1 else kwargs.get("outputs")
    watcher.lane().unscaled(outputs)


def _scaled(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    _scaler("scale", watcher, token, args, kwargs, result)
    watcher.lane().scaled(result)


def _scaled_step_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> int:
    return watcher.recorder.counts.steps


def _scaled_step(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    skipped = watcher.recorder.counts.steps == token
    enabled = bool(args[0].is_enabled())
    if enabled:
        site = watcher.recorder.sites.here(3)
        watcher.lane().add(("step-scaled", site, enabled, skipped))


# Backward ---------------------------------------------------------------------------------------


def _backward_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> Any:
    # (tensors, grad_tensors, retain_graph, create_graph, inputs, ..., accumulate_grad=...)
    if torch._C._current_autograd_node() is not None:  # noqa: SLF001
        return None  # inside another, which on an accelerator runs in a thread of PyTorch's own
    roots = args[0] if isinstance(args[0], tuple) else tuple(args[0])
    if _blind(watcher, roots):
        return None
    create = bool(args[3]) if len(args) > 3 else False
    if not kwargs.get("accumulate_grad", True):
        watcher.lane().grad(watcher.recorder.sites.here(4), create or None)
        return None
    retain = bool(args[2]) if len(args) > 2 else False
    return (watcher.lane().backward_started(roots, retain=retain and not create, create=create),)


def _backward_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    if token is not None:
        watcher.lane().backward_ended(token[0])


def _backward_failed(watcher: Watcher, token: Any, error: BaseException) -> None:
    if token is not None:
        watcher.lane().backward_failed()


# Losses and layers that differ between training and evaluation ----------------------------------


def _loss(name: str, watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    lane = watcher.lane()
    watcher.losses.called(lane, name, args, kwargs, result)
    if watcher.moments is not None and watcher.moments.active:
        function = getattr(sys.modules[FUNCTIONS[name][0]], name)
        original = getattr(function, "__wrapped__", function)
        watcher.moments.loss_called(lane, original, args, kwargs, result)


def _normalised(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    if isinstance(result, Tensor) and result.requires_grad and not not_now():
        graph.mark_site(result, watcher.recorder.sites.here(3))


def _dropout(
    function: str, watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any
) -> None:
    p = args[1] if len(args) > 1 else kwargs.get("p", 0.5)
    training = args[2] if len(args) > 2 else kwargs.get("training", kwargs.get("train", False))
    if p:
        _sensitive(watcher, function, bool(training), p=float(p), x=args[0] if args else None)


def _attention(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    # (query, key, value, attn_mask, dropout_p, ...): it is told no mode, and drops where p is not 0.
    p = args[4] if len(args) > 4 else kwargs.get("dropout_p", 0.0)
    if p:
        _sensitive(watcher, ATTENTION, True, p=float(p), x=args[0] if args else None)


def _batch_norm(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    # (input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled)  # noqa: ERA001
    if len(args) > 5 and args[3] is not None:
        _sensitive(
            watcher,
            "batch_norm",
            bool(args[5]),
            x=args[0],
            weight=args[1],
            statistics=bool(args[5]),
        )


def _sensitive(
    watcher: Watcher, function: str, training: bool, *, p: float | None = None,
    x: Tensor | None = None, weight: Tensor | None = None, statistics: bool = False,
) -> None:  # fmt: skip
    lane = watcher.lane()
    lane.sensitive |= 1 if training else 2
    stack = lane.stack
    module = stack[-1] if stack else None
    root_training = stack[0].training if stack else None
    grad = torch.is_grad_enabled()
    # Without a module around it only the line tells two calls apart.
    key = (id(module) if module is not None else function, training, root_training, grad)
    if key in lane.modes_seen or len(lane.modes_seen) >= MAX_MODE_SITES or not_now():
        return
    lane.modes_seen.add(key)
    model, name = watcher.models.place(module) if module is not None else (-1, "")
    values = 0
    if function == "batch_norm" and x is not None and x.dim() > 1 and x.shape[1]:
        values = x.numel() // x.shape[1]
    watcher.recorder.event(
        CallMode,
        function=function,
        site=watcher.recorder.sites.here(4),
        model=model,
        module=name,
        class_name=type(module).__qualname__ if module is not None else "",
        training=training,
        module_training=module.training if module is not None else None,
        root_training=root_training,
        grad=grad,
        statistics=statistics,
        trainable=weight.requires_grad if isinstance(weight, Tensor) else None,
        values=values,
        p=p,
    )


def _mode_before(watcher: Watcher, args: Args, kwargs: Kwargs) -> None:
    lane = watcher.lane()
    lane.mode_depth += 1
    if lane.mode_depth == 1:
        mode = args[1] if len(args) > 1 else kwargs.get("mode", True)
        lane.mode(args[0], bool(mode))


def _mode_after(watcher: Watcher, token: Any, args: Args, kwargs: Kwargs, result: Any) -> None:
    watcher.lane().mode_depth -= 1


def _mode_failed(watcher: Watcher, token: Any, error: BaseException) -> None:
    watcher.lane().mode_depth -= 1


# Compilers --------------------------------------------------------------------------------------


def _lifting(what: str, watcher: Watcher, original: Callable[..., Any]) -> Callable[..., Any]:
    """What stands in for torch.jit's own: it must find PyTorch's functions, watched or not."""

    def watched(*args: Any, **kwargs: Any) -> Any:
        if not watcher.idle:
            watcher.recorder.gap(f"inside {what}", "such code calls none of what is watched")
        watcher.lift()
        try:
            return original(*args, **kwargs)
        finally:
            watcher.lower()

    return watched


_OPTIMIZER = "torch.optim.optimizer:Optimizer"
_MODULE = "torch.nn.modules.module:Module"
_SCHEDULERS = "torch.optim.lr_scheduler"
_CLIP = "torch.nn.utils.clip_grad"
_SCALER = "torch.amp.grad_scaler:GradScaler"
ATTENTION = "scaled_dot_product_attention"
_DROPOUTS = tuple(
    name + end
    for name in ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
    for end in ("", "_")
)

ROWS: tuple[Row, ...] = (
    Row(
        "torch.autograd", "_engine_run_backward", _backward_before, _backward_after,
        _backward_failed,
    ),
    *(
        Row(where, name, None, functools.partial(_loss, name), lift=True)
        for name, (where, _) in FUNCTIONS.items()
    ),
    *(
        Row(where, name, None, _normalised, lift=True)
        for where in ("torch", "torch:Tensor")
        for name in ("softmax", "log_softmax", "sigmoid")
    ),
    *(
        Row("torch._VF", name, None, functools.partial(_dropout, name.rstrip("_")), lift=True)
        for name in _DROPOUTS
    ),
    Row("torch", "batch_norm", None, _batch_norm, lift=True),
    Row("torch.nn.functional", ATTENTION, None, _attention, lift=True),
    Row(_OPTIMIZER, "__init__", None, clears.optimizer_made),
    Row(_OPTIMIZER, "zero_grad", clears.optimizer_clear, clears.cleared),
    Row(_MODULE, "zero_grad", clears.module_clear, clears.cleared),
    Row(_MODULE, "__init__", None, _module_made),
    Row(_MODULE, "_call_impl", around=module_call),
    Row(_MODULE, "train", _mode_before, _mode_after, _mode_failed),
    *(
        Row(f"{_SCHEDULERS}:{name}", "__init__", _scheduler_before, _scheduler_made,
            _scheduler_failed)
        for name in ("LRScheduler", "ReduceLROnPlateau", "ChainedScheduler", "SequentialLR")
    ),
    *(
        Row(f"{_SCHEDULERS}:{name}", "step", _scheduler_before, _scheduled, _scheduler_failed)
        for name in (
            "LRScheduler", "ReduceLROnPlateau", "ChainedScheduler", "SequentialLR",
            "CosineAnnealingWarmRestarts",
        )
    ),
    Row(_CLIP, "_clip_grads_with_norm_", _clip_state, _clipped),
    Row(_CLIP, "_group_tensors_by_device_and_dtype", _clipped_by_value),
    Row(_SCALER, "scale", _scale_before, _scaled),
    Row(_SCALER, "unscale_", None, _unscaled),
    Row(_SCALER, "step", _scaled_step_before, _scaled_step),
    Row(_SCALER, "update", None, functools.partial(_scaler, "update")),
    Row("torch.jit._script", "_script_impl", around=functools.partial(_lifting, "torch.jit.script")),
    *(
        Row(where, name, around=functools.partial(_lifting, "torch.jit.trace"))
        for where, name in (
            ("torch.jit._trace", "_trace_impl"), ("torch.jit._trace", "trace_module"),
            ("torch.jit", "trace_module"),
        )
    ),
)  # fmt: skip
