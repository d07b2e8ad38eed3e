"""What one thread's loop does: operations are collected until an optimizer step ends.

    batch, forward, loss, backward, clip, step, clear, ...  ->  one anatomy  ->  a longer stretch

The step clock is the optimizer's step. What trains and what evaluates is told by what follows: a
forward that is followed by backward and step was training. Nothing here looks at variable names.
This is the pulse: it runs on every step, so each line counts.
"""

from __future__ import annotations

import math
import sys
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from goingdeep.watch.data.active import Fed
from goingdeep.watch.looks.turns import Turns
from goingdeep.watch.reading import graph
from goingdeep.watch.reading.aside import aside, not_now
from goingdeep.watch.reading.later import now_or_later
from goingdeep.watch.steps import hidden
from goingdeep.watch.steps.by_hand import ByHand
from goingdeep.watch.steps.gradients import GONE
from goingdeep.watch.steps.held import Held
from goingdeep.watch.writing.ops import PASSING, Signature, fold, of_this_step

if TYPE_CHECKING:
    from goingdeep.watch.data.passes import ActivePass
    from goingdeep.watch.looks.look import Look
    from goingdeep.watch.steps.alive import Followed
    from goingdeep.watch.steps.hidden import Hidden
    from goingdeep.watch.steps.optimizers import Known
    from goingdeep.watch.watcher import Watcher

MAX_WAITING = 512
"""Operations kept while no backward comes: an evaluation may be long."""

MAX_OPERATIONS = 8_192
"""Operations of one step: beyond it the rest is counted."""

MAX_EARLY_MODES = 64
MAX_REMEMBERED = 64
"""Steps whose anatomy is known at once; an evaluation before a step makes it one of its own."""

_SENSITIVE = ("", "training", "evaluation", "mixed")
_autocast = getattr(torch._C, "_is_any_autocast_enabled", torch.is_autocast_enabled)  # noqa: SLF001


class Lane:
    """The state of one thread."""

    # Beyond 30 attributes Python keeps a dictionary of its own for each object, and each access
    # on the way through a step reads more memory.
    __slots__ = (
        "_anatomies", "_anatomy", "_at", "_backward_depth", "_backwards", "_by_hand", "_done",
        "_early_modes", "_forward", "_graphs", "_graphs_of", "_held", "_imported", "_inner_step",
        "_inside", "_left_out", "_loss", "_loss_value", "_model", "_recorder", "_root", "_scaled",
        "_step", "_step_depth", "_thread", "_tracked", "_turns", "_unscaled", "_untaken",
        "_watcher", "fed", "hidden", "hidden_waiting", "look", "looking", "made", "made_counts",
        "mode_depth", "models", "modes_seen", "newest", "operations", "outside", "pass_",
        "scheduler_depth", "sensitive", "stack",
    )  # fmt: skip

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._recorder = watcher.recorder
        main = threading.current_thread() is threading.main_thread()
        self._thread = "" if main else threading.current_thread().name[:80]
        self.operations: list[Signature] = []
        self._left_out = 0
        self._anatomies: dict[Signature, int] = {}  # by what was done since the step before
        self._done: list[Signature] = []  # what was done for the newest step, and its anatomy
        self._anatomy = -1
        self.stack: list[nn.Module] = []
        self.models: set[int] = set()  # that were called in this thread
        self.newest: Callable[[], object] = _nothing  # the model that was called last
        self._model = -1  # and its number
        self.outside = False  # the module that runs is no model: a loss, a transform
        self.sensitive = 0  # bit 1: ran as in training, bit 2: as in evaluation
        self._forward: tuple[Any, ...] = ()
        self._at = 0  # where among the operations it will stand
        self._inside: list[Signature] = []  # losses that were called in it
        self.pass_: ActivePass | None = None  # whose batch the newest forward took
        self._untaken: ActivePass | None = None  # whose newest batch no forward has taken yet
        # An id alone could be another tensor's by now; a weak reference keeps nothing alive.
        self._loss: Callable[[], Tensor | None] = _nothing
        self._loss_value: float | Tensor | None = None  # of an accelerator it is not read here
        self._tracked = 0  # losses with a graph since the last backward
        self._root: float | Tensor = math.nan  # the loss of the backward that runs
        self._held = Held()  # for steps of optimizers that were not known at the backward
        self._graphs: list[Followed] = []  # losses with a graph of a pass without a backward
        self._graphs_of: ActivePass | None = None
        self._backwards = 0
        self._backward_depth = 0
        self._step_depth = 0
        self._inner_step = False
        self._step: tuple[Any, ...] = ()
        self._unscaled: float | Tensor | None = None
        self._scaled: Callable[[], Tensor | None] = _nothing
        self.made: dict[int, int] = {}  # id of a module built inside a forward -> its line
        self.made_counts: dict[tuple[str, int], int] = {}
        self.hidden: set[int] = set()
        self.hidden_waiting: list[Hidden] = []
        self.modes_seen: set[tuple[object, ...]] = set()
        self._early_modes: list[tuple[weakref.ref[nn.Module], Signature]] = []
        self.scheduler_depth = 0
        self.mode_depth = 0
        self._by_hand = ByHand(watcher)
        self.fed = Fed()
        self._imported = 0  # modules, when it was last looked for what waits for them
        self.look: Look | None = None  # that is told what happens now
        self.looking = False  # whether there is any, or one that only waits
        self._turns = Turns(watcher, self)
        if watcher.wants_look(self._recorder.steps + 1):
            self._turns.stepped(wanted=True)

    # ---------------------------------------------------------------- operations

    def add(self, operation: Signature) -> None:
        """One more operation of the step that goes on.

        What happens on every step asks for room by itself, and calls this where there is none.
        """
        if len(self.operations) >= MAX_WAITING and not self._room():
            self._left_out += 1
        else:
            self.operations.append(operation)

    def _room(self) -> bool:
        """Whether there is room for more; made, where an evaluation is long."""
        if not self._backwards:  # what does not belong to the next step is dropped early
            self.operations = [op for op in self.operations if op[0] not in PASSING]
        return len(self.operations) < MAX_OPERATIONS

    def batch(self, pass_: ActivePass, site: int, data: object) -> None:
        """A loader gave a batch."""
        if self._backwards:
            self._by_hand_step()
        if self.looking:
            self._turns.batch(pass_, site, data)
        if pass_.batches == 1:
            self._turns.first_batch(pass_, site, data)
        self._untaken = pass_
        if self._watcher.moments is not None:
            self._watcher.moments.evaluated.given(pass_, data)
        if len(self.operations) < MAX_WAITING:
            self.operations.append(("batch", site, pass_.loader))
        else:
            self.add(("batch", site, pass_.loader))

    def forward_started(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """A module is called from outside any other module."""
        watcher = self._watcher
        site = self._recorder.sites.here(3)
        if self.newest() is not module:
            self._model = watcher.models.called(module, site)
            self.models.add(self._model)
            is_root = watcher.models.is_root(module)
            self.newest = weakref.ref(module) if is_root else _nothing
        number = self._model
        if self._early_modes:
            self._name_early_modes()
        if self._backwards:
            self._by_hand_step()
        grad = torch.is_grad_enabled()
        if self.looking:
            self._turns.forward(grad=grad)
        self.sensitive = 0
        if self.made:
            self.made.clear()
        self._forward = (site, number, module.training, grad)
        self.pass_ = watcher.passes.origin(args, kwargs)
        self._untaken = None
        if self._inside:
            self._inside.clear()
        self._at = len(self.operations)
        moments = watcher.moments
        if moments is not None:  # also without gradients: BatchNorm's statistics move all the same
            moments.forward_started(self, module, args, kwargs)
            moments.evaluated.forward(self.pass_, args)

    def forward_ended(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> None:
        """It has returned."""
        if not self._forward:
            return
        watcher = self._watcher
        self._recorder.counts.forwards += 1
        site, number, training, grad = self._forward
        pass_, sensitive = self.pass_, self.sensitive
        operation: Signature = (
            "forward", site, number, watcher.models.place(module)[1], training, grad,
            torch.is_inference_mode_enabled() or None, _autocast() or None, _SENSITIVE[sensitive],
            pass_.loader if pass_ is not None else None,
        )  # fmt: skip
        count = len(self.operations)
        if self._at == count < MAX_WAITING:
            self.operations.append(operation)
        elif self._at < count < MAX_OPERATIONS:
            self.operations.insert(self._at, operation)  # a loss inside of it comes after it
        else:
            self.add(operation)
        if pass_ is not None:
            pass_.forward(self.fed, number, training, sensitive & 1, grad)
            if not grad or not self._backwards:
                pass_.output(output)
            if pass_.forwards <= 1:
                pass_.note(operation)
                for inside in self._inside:
                    pass_.note(inside)
        if watcher.moments is not None:
            watcher.moments.forward_ended(self, module, args, kwargs, output)
        if watcher.probes is not None and grad:
            watcher.probes.forward_ended(self, number, site, module, args, kwargs, output, pass_)
        if type(module).__name__ == "OptimizedModule":
            watcher.recorder.gap("inside torch.compile", "compiled code calls no hooks")

    def forward_failed(self) -> None:
        """It raised: nothing came of it."""
        if self.outside:
            return
        if self._forward and self.pass_ is not None:
            self.pass_.not_taken()
        self._forward = ()
        if self.look is not None:
            self.look.drop_forward()

    def loss(
        self, number: int, site: int, loss_input: Tensor, target: Tensor | None, result: Tensor,
        given: dict[str, Any],
    ) -> None:  # fmt: skip
        """A loss function was called."""
        graph_kept, value = result.requires_grad, now_or_later(result)
        self._loss, self._loss_value = weakref.ref(result), value
        self._tracked += graph_kept
        operation = ("loss", site, number)
        if len(self.operations) < MAX_WAITING:
            self.operations.append(operation)
        else:
            self.add(operation)
        if self._untaken is not None:
            self._take_untaken()
        pass_ = self.pass_
        if pass_ is not None:
            pass_.loss(value)
            if graph_kept and not pass_.backwards:
                self._follow(pass_, result, site)
            if self.stack and not self.outside:
                self._inside.append(operation)
            elif pass_.forwards <= 1:
                pass_.note(operation)
        if self.look is not None:
            self.look.loss(
                number, self._watcher.losses.name(number), loss_input, target, result, site, given
            )
        if self._watcher.probes is not None:
            self._watcher.probes.loss_called(self, loss_input, target)

    def grad(self, site: int, create: bool | None) -> None:
        """`torch.autograd.grad` gave gradients away: no `.grad` was touched."""
        operation = ("grad", site, create)
        self.add(operation)
        if self.pass_ is not None and self.pass_.forwards <= 1:
            self.pass_.note(operation)

    def _follow(self, pass_: ActivePass, result: Tensor, site: int) -> None:
        """An evaluation that keeps its losses keeps their graphs, where it has recorded any.

        The first loss of a training pass looks the same, until its backward comes.
        """
        if self._graphs_of is not pass_ or len(self._graphs) > MAX_WAITING:
            self._graphs_of = pass_
            self._graphs.clear()
        followed = self._watcher.losses_alive.note(result.grad_fn, site)
        if followed is not None:
            self._graphs.append(followed)

    def _take_untaken(self) -> None:
        """A batch came, and was used without a forward: by compiled code, or by no module at all."""
        self.pass_, self._untaken = self._untaken, None
        if self.pass_ is not None:
            self.pass_.turn(self.pass_.batches)

    def loss_module(self) -> str:
        """The class of the loss module whose forward we are in; "" for a plain function."""
        module = self.stack[-1] if self.stack else None
        return type(module).__qualname__ if module is not None else ""

    def unscaled(self, outputs: Any) -> None:
        """A loss is about to be scaled up: keep what it was."""
        self._unscaled = None
        if isinstance(outputs, Tensor):
            known = self._loss_value if self._loss() is outputs else None
            self._unscaled = known if known is not None else now_or_later(outputs)

    def scaled(self, outputs: Any) -> None:
        """And know it again as the root of backward."""
        if isinstance(outputs, Tensor):
            self._scaled = weakref.ref(outputs)

    def backward_started(
        self, roots: tuple[Any, ...], *, retain: bool, create: bool
    ) -> tuple[Any, ...] | None:
        """Gradients will be added to `.grad`; None inside another backward."""
        watcher = self._watcher
        if self._backward_depth:
            self._backward_depth += 1
            return None
        if self._backwards:
            self._by_hand_step()
        if self.looking:
            self._turns.evaluation_over()
        with watcher.gradients_lock:
            self._backward_depth = 1  # from here on no other thread reads these gradients
            states = self._states()
        site = self._recorder.sites.here(4)
        root = roots[0] if roots and isinstance(roots[0], Tensor) else None
        chain: tuple[str, ...] = ()
        leaf = False
        if root is not None:
            chain, node = graph.way_to_loss(root)
            leaf = root.grad_fn is None
            if graph.COMPILED in chain:
                self._recorder.gap("inside torch.compile", "compiled code calls no hooks")
            if chain and chain[-1] not in graph.LOSSES:
                watcher.losses.written_by_hand(root, chain, site)
            alive = watcher.losses_alive
            while self._graphs and self._graphs_of is self.pass_:
                alive.forget(self._graphs.pop())  # what leads to a backward is followed by its root
            alive.note(node, site)
            if self._loss_value is not None and self._loss() is root and len(roots) == 1:
                value: float | Tensor | None = self._loss_value
            else:
                value = self._root_value(root, chain) if len(roots) == 1 else _sum(roots)
            self._root = math.nan if value is None else value
            if isinstance(value, float) and not math.isfinite(value):
                self._turns.non_finite()
        if self.look is not None:
            self.look.before_backward(roots, site)
        if watcher.moments is not None:
            watcher.moments.backward_started(self, roots, retain=retain, create=create)
        if watcher.probes is not None:
            watcher.probes.backward_started()
        return (
            "backward", site, states, leaf or None, "|".join(chain), retain or None, create or None,
        )  # fmt: skip

    def _root_value(self, root: Tensor, chain: tuple[str, ...]) -> float | Tensor | None:
        """The loss of this backward; that of the loss function where it was only scaled since."""
        if self._scaled() is root and self._unscaled is not None:
            return self._unscaled
        if (
            self._loss_value is not None
            and self._tracked == 1  # of several nobody knows which one this was made of
            and 2 <= len(chain) <= 3
            and chain[-1] in graph.LOSSES
            and all(name in graph.SCALINGS for name in chain[:-1])
        ):
            return self._loss_value
        return now_or_later(root)

    def optimizers(self) -> list[Known]:
        """The optimizers whose gradients can be looked at now; hold `gradients_lock` meanwhile.

        Another thread's backward writes its gradients without Python's lock: to read them then
        would break the program.
        """
        alive, lanes = self._watcher.optimizers.alive, self._watcher.lanes
        if len(lanes) == 1:
            return alive
        quiet = all(lane is self or not lane._backward_depth for lane in lanes)  # noqa: SLF001
        return [known for known in alive if known.lane is self or (quiet and known.lane is None)]

    def states(self) -> str:
        """The state of the gradients of every optimizer, in words."""
        with self._watcher.gradients_lock:
            return self._states()

    def _states(self) -> str:
        optimizers = self._watcher.optimizers.alive
        known = optimizers if len(self._watcher.lanes) == 1 else self.optimizers()
        if len(known) == 1:
            state = known[0].gradients.now()
            if state in GONE:
                known[0].held.cleared()
            return state
        if not known:
            state = self._by_hand.state()
            if state in GONE and not optimizers:
                self._held.cleared()
            return state
        return " ".join(f"{one.number}:{one.state()}" for one in known[:16])

    def backward_ended(self, operation: tuple[Any, ...] | None) -> None:
        """Gradients are there."""
        self._backward_depth -= 1
        if operation is None:
            return
        watcher, root = self._watcher, self._root
        with watcher.gradients_lock:
            alive = watcher.optimizers.alive
            for known in alive if len(watcher.lanes) == 1 else self.optimizers():
                if known.gradients.after_backward():
                    known.held.add(root)
            self._held.add(root)
            if not alive:
                self._by_hand.after_backward(self.models)
        self._recorder.counts.backwards += 1
        self._backwards += 1
        self._loss_value = None
        self._tracked = 0
        if len(self.operations) < MAX_WAITING:
            self.operations.append(operation)
        else:
            self.add(operation)
        if self._untaken is not None:
            self._take_untaken()
        if self.pass_ is not None:
            self.pass_.backward(self.fed)
        if self.look is not None:
            self.look.after_backward()
        if len(sys.modules) != self._imported:
            self._imported = len(sys.modules)
            watcher.put_waiting()

    def backward_failed(self) -> None:
        """It raised."""
        self._backward_depth = max(0, self._backward_depth - 1)

    # ---------------------------------------------------------------- steps

    def step_started(self, optimizer: Any, closure: bool) -> None:
        """An optimizer begins its step."""
        self._step_depth += 1
        self._inner_step = False
        known = self._watcher.optimizers.stepping(optimizer)
        if known is None or not_now():
            return
        known.lane = self
        site = self._recorder.sites.here(3)
        if closure:
            known.held.closure_began()
            self._held.closure_began()
        state = "" if closure else known.gradients.before_step()
        if state in GONE:
            known.held.cleared()
            self._held.cleared()
        self._step = (known, site, state, closure, self._backwards)
        if self.look is not None:
            self.look.before_step(optimizer, known.number, site)
        if self._watcher.moments is not None:
            self._watcher.moments.step_started(self, optimizer)

    def step_ended(self, optimizer: Any) -> None:
        """The step is done: what happened since the last one is its anatomy."""
        self._step_depth = max(0, self._step_depth - 1)
        if self._inner_step or not self._step:
            self._step = ()
            return  # an optimizer around another one: the inner step was counted
        known, site, state, closure, backwards = self._step
        self._step = ()
        self._inner_step = self._step_depth > 0
        if known.reference() is not optimizer:
            return
        if closure and self._backwards > backwards:
            state = known.gradients.now()
        else:
            closure = False
        changed = known.gradients.after_step()
        if not known.written:
            self._watcher.optimizers.write_all(known)
        rate = optimizer.param_groups[0].get("lr") if optimizer.param_groups else None
        if self.look is not None:
            self.look.after_step(optimizer)
        if self._watcher.moments is not None:
            self._watcher.moments.step_ended(self, optimizer)
        operation = ("step", site, known.number, state, changed, closure or None)
        self._close(known, operation, rate if isinstance(rate, int | float) else None)

    def foreign_step(self, known: Any, site: int, state: str) -> None:
        """A step of an optimizer that is nothing like torch's; how it writes is not known."""
        known.gradients.after_step()
        self._close(known, ("step", site, known.number, state, None, None))

    def _by_hand_step(self) -> None:
        """Where no optimizer owns the weights: have they changed since the last backward?"""
        if self._backwards and not self._watcher.optimizers.alive:
            known = self._by_hand.changed()
            if known is not None:
                self._close(known, ("step", -1, known.number, None, True, None))

    def _close(self, known: Known, operation: Signature, rate: float | None = None) -> None:
        recorder, watcher = self._recorder, self._watcher
        if len(self.operations) < MAX_WAITING:
            self.operations.append(operation)
        else:
            self.add(operation)
        if self.operations == self._done:
            self.operations.clear()
        else:
            self._done, self.operations = self.operations, []
            done = tuple(self._done)
            anatomy = self._anatomies.get(done)
            self._anatomy = self._name(done, known.number) if anatomy is None else anatomy
        known.count += 1
        loss, mine = known.held.take(), self._held.take()
        if loss is None and (known.count == 1 or len(watcher.optimizers.alive) <= 1):
            loss = mine
        number = recorder.step(
            known.number, self._anatomy, self._thread,
            ((known.rate_curve, rate), (known.loss_curve, loss)), known.count,
        )  # fmt: skip
        if self.pass_ is not None:
            self.pass_.step(self.fed, number)
        if self._early_modes:
            self._early_modes.clear()
        self._backwards = self._left_out = 0
        if number & (number - 1) == 0:
            watcher.check_now_and_then(number)
        if self.hidden_waiting:
            hidden.tell(watcher, self.hidden_waiting)
        # A clear right after the step still belongs to the look: it ends with the next batch,
        # forward or step.
        wanted = watcher.wants_look(number + 1)
        if wanted or self.looking:
            self._turns.stepped(wanted=wanted)
        # Last of all: what is told here may end the program.
        for told in watcher.after_step:
            told(number)

    def _name(self, done: Signature, optimizer: int) -> int:
        """The number of the anatomy of these operations, which end with a step of an optimizer."""
        recorder = self._recorder
        signature = tuple(of_this_step(done))
        anatomy = recorder.anatomy(signature, optimizer)
        if anatomy is None:
            blocks, left_out = fold(signature)
            anatomy = recorder.new_anatomy(signature, optimizer, blocks, left_out + self._left_out)
        if len(self._anatomies) >= MAX_REMEMBERED:
            self._anatomies.clear()
        self._anatomies[done] = anatomy
        return anatomy

    # ---------------------------------------------------------------- around

    def clear_started(self, by: str, number: int, to: str, parameters: Any) -> None:
        """zero_grad was called; `parameters` gives those it will clear."""
        if self._backwards:
            self._by_hand_step()
        site = self._recorder.sites.here(4)
        if len(self.operations) < MAX_WAITING:
            self.operations.append(("clear", site, by, number, to))
        else:
            self.add(("clear", site, by, number, to))
        look = self._turns.clearing() if self.looking else None
        if look is not None:
            look.before_clear(by, number, parameters(), site)
        moments = self._watcher.moments
        if moments is not None and moments.active:
            moments.clear_started(self, parameters(), to_none=to == "none")

    def clear_ended(self) -> None:
        """It has returned."""
        look = self._turns.clearing()
        if look is not None:
            look.after_clear()

    def mode(self, module: nn.Module, training: bool) -> None:
        """train() or eval() was called from outside."""
        models = self._watcher.models
        number, name = models.number(module), models.place(module)[1]
        operation = ("mode", self._recorder.sites.here(4), number, name, training)
        self.add(operation)
        if number < 0 and len(self._early_modes) < MAX_EARLY_MODES:
            self._early_modes.append((weakref.ref(module), operation))

    def _name_early_modes(self) -> None:
        """A model that was switched before its first forward is known by now."""
        models, waiting = self._watcher.models, []
        for reference, operation in self._early_modes:
            module = reference()
            number = models.number(module) if module is not None else -1
            if module is None or number < 0:
                waiting.append((reference, operation))
                continue
            known = (*operation[:2], number, models.place(module)[1], operation[4])
            self.operations = [known if op is operation else op for op in self.operations]
        self._early_modes = waiting

    def finish(self) -> None:
        """The watcher is taken off."""
        self._by_hand_step()
        hidden.tell(self._watcher, self.hidden_waiting)
        self._turns.finish()


def _sum(roots: tuple[Any, ...]) -> float | Tensor | None:
    values = [now_or_later(root) for root in roots if isinstance(root, Tensor)]
    known = [value for value in values if value is not None]
    with aside():
        return sum(known) if len(known) == len(roots) else None


def _nothing() -> None:
    return None
