"""Tells `Moments` what a training loop does, as the watcher's lane will."""

from __future__ import annotations

import contextlib
import functools
import sys
import types
from types import SimpleNamespace

import torch
from tests.watch.pretend import Watcher
from torch import nn
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from goingdeep.watch.moments.moments import Moments
from goingdeep.watch.patches import Row
from goingdeep.watch.steps.losses import FUNCTIONS


class Driver(Watcher):
    """A watcher that does nothing but record moments."""

    def __init__(self, **settings) -> None:
        super().__init__()
        self.moments = Moments(self, **settings)
        self.lane_ = object()
        self.stack: list[nn.Module] = []
        self.optimizers.alive = []

    @property
    def moment(self):
        (moment,) = self.moments.kept
        return moment

    def lane(self):
        return self.lane_

    def optimizer(self, optimizer):
        if all(known.reference() is not optimizer for known in self.optimizers.alive):
            self.optimizers.alive.append(SimpleNamespace(reference=lambda: optimizer))
        return optimizer

    @contextlib.contextmanager
    def on(self):
        for row in self.rows():
            self.patches.put(row)
        call = nn.Module._call_impl
        nn.Module._call_impl = self.call(call)
        for handle in (
            register_optimizer_step_pre_hook(self.step_started),
            register_optimizer_step_post_hook(self.step_ended),
        ):
            self.patches.hook(handle)
        try:
            yield self
        finally:
            nn.Module._call_impl = call
            self.patches.restore()
            self.stack.clear()
            self.moments.finish()

    def rows(self):
        yield Row("torch.autograd", "_engine_run_backward", _backward)
        for name, (where, _) in FUNCTIONS.items():
            yield Row(where, name, None, functools.partial(_loss, where, name))
        yield Row("torch.optim.optimizer:Optimizer", "zero_grad", _optimizer_clear)
        yield Row("torch.optim.optimizer:Optimizer", "__init__", None, _made)
        yield Row("torch.nn.modules.module:Module", "zero_grad", _module_clear)
        yield Row("torch.amp.grad_scaler:GradScaler", "unscale_", None, _unscaled)
        yield Row(
            "torch.nn.utils.clip_grad", "_clip_grads_with_norm_", functools.partial(_clip, "norm")
        )
        yield Row("torch.nn.utils", "clip_grad_value_", functools.partial(_clip, "value"))

    def call(self, original):
        def watched(module, *args, **kwargs):
            # Checkpointing runs forwards again inside backward: they are not the loop's.
            inside = bool(self.stack) or torch._C._current_autograd_node() is not None
            if self.idle or inside or next(module.parameters(), None) is None:
                return original(module, *args, **kwargs)
            self.moments.forward_started(self.lane_, module, args, kwargs)
            self.stack.append(module)
            try:
                output = original(module, *args, **kwargs)
            finally:
                self.stack.clear()
            self.moments.forward_ended(self.lane_, module, args, kwargs, output)
            return output

        return watched

    def step_started(self, optimizer, args, kwargs):
        if not self.idle:
            self.moments.step_started(self.lane_, self.optimizer(optimizer))

    def step_ended(self, optimizer, args, kwargs):
        if not self.idle:
            self.recorder.steps += 1
            self.moments.step_ended(self.lane_, optimizer)


def _backward(watcher, args, kwargs):
    if kwargs.get("accumulate_grad", True):
        watcher.moments.backward_started(
            watcher.lane_, tuple(args[0]), retain=bool(args[2]), create=bool(args[3])
        )


def _loss(where, name, watcher, token, args, kwargs, result):
    original = getattr(sys.modules[where], name)
    watcher.moments.loss_called(watcher.lane_, original, args, kwargs, result)


def _made(watcher, token, args, kwargs, result):
    watcher.optimizer(args[0])


def _optimizer_clear(watcher, args, kwargs):
    to_none = args[1] if len(args) > 1 else kwargs.get("set_to_none", True)
    parameters = [p for group in args[0].param_groups for p in group["params"]]
    watcher.moments.clear_started(watcher.lane_, parameters, to_none=to_none)


def _module_clear(watcher, args, kwargs):
    to_none = args[1] if len(args) > 1 else kwargs.get("set_to_none", True)
    watcher.moments.clear_started(watcher.lane_, list(args[0].parameters()), to_none=to_none)


def _unscaled(watcher, token, args, kwargs, result):
    if args[0].is_enabled():
        scale = torch.tensor(args[0].get_scale(), dtype=torch.float64)
        watcher.moments.unscaled(watcher.lane_, args[1], float(scale.reciprocal().float()))


def _clip(how, watcher, args, kwargs):
    limit = args[1] if len(args) > 1 else next(iter(kwargs.values()))
    # A generator can be walked once, and that is for whom it was made.
    parameters = None if isinstance(args[0], types.GeneratorType) else list(args[0])
    watcher.moments.clipped(watcher.lane_, how, parameters, float(limit))
