"""What an operation of a loop was, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from goingdeep.record import look, seen
from goingdeep.record.reading import Seen
from goingdeep.record.seen import Fact, Op
from goingdeep.show.curves import rate_went
from goingdeep.show.names import Names
from goingdeep.show.numbers import counted, number, product, spell

BEFORE = {
    "none": "gradients were none",
    "zero": "gradients were zero",
    "fresh": "adds to the gradients of this step",
    "left-over": "adds to gradients left over from an earlier step",
    "summed": "adds to gradients summed over earlier steps",
}
USED = {
    "none": "there was no gradient",
    "zero": "gradients were zero",
    "left-over": "with gradients left over from an earlier step",
    "summed": "with gradients summed over earlier steps",
}
"""Only what is worth a word: a step with fresh gradients is as it should be."""
MOST_STATES = 6


class Words:
    """Says what operations were.

    Args:
        found: the record. names: of everything in it.

    values: how the loss went in the steps that are described now, "2.30 -> 0.87".
    several: whether batches come from several loaders there, so that their names are needed.
    """

    def __init__(self, found: Seen, names: Names) -> None:
        self._seen = found
        self._names = names
        self.values = ""
        self.several = False
        self._say: dict[str, Callable[[Mapping[str, Fact]], list[str]]] = {
            "batch": self._batch,
            "forward": self._forward,
            "loss": self._loss,
            "backward": self._backward,
            "grad": lambda _: ["torch.autograd.grad, .grad stays as it is"],
            "clip": self._clip,
            "scale": lambda facts: ["loss times the scale", *_disabled(facts)],
            "unscale": lambda facts: ["gradients divided by the scale", *_disabled(facts)],
            "step-scaled": self._step_scaled,
            "update": lambda facts: ["the scale is adapted", *_disabled(facts)],
            "step": self._step,
            "clear": self._clear,
            "schedule": lambda facts: [self._scheduler(_int(facts, "scheduler"))],
            "mode": self._mode,
            "load": self._load,
            "save": lambda facts: [str(facts.get("what") or "torch.save")],
        }

    def of(self, op: Op) -> str:
        """One operation: "SGD, lr 0.001"."""
        return ", ".join(self.parts(op))

    def parts(self, op: Op) -> list[str]:
        """What is said of an operation, one by one."""
        say = self._say.get(op.op)
        parts = say(op.facts) if say else [f"{k} {number(v)}" for k, v in op.facts.items()]
        return [part for part in parts if part]

    # ---------------------------------------------------------------- one each

    def _batch(self, facts: Mapping[str, Fact]) -> list[str]:
        loader = _int(facts, "loader")
        name = self._names.loader(loader) if self.several else ""
        return [self.batch_of(loader) or ("" if name else "from the loader"), name and f"of {name}"]

    def batch_of(self, loader: int) -> str:
        """The tensors of a batch as they were first seen: "f32[64,1,28,28], i64[64]"."""
        for found in self._seen.looks.values():
            for part in (*found.training, *found.evaluation):
                if isinstance(part, look.LookBatch) and part.loader == loader and part.tensors:
                    return ", ".join(spell(t.dtype, t.shape) for t in part.tensors[:3])
        for walk in self._seen.passes:
            if walk.loader == loader and walk.inputs:
                return spell(walk.inputs.dtype, walk.inputs.shape)
        known = self._seen.loaders.get(loader)
        size = known.batch_size if known else None
        return "" if size is None else f"batches of {number(size)}"

    def _forward(self, facts: Mapping[str, Fact]) -> list[str]:
        training, ran = facts.get("training"), facts.get("sensitive")
        inside = facts.get("module")
        parts = [self._names.model(_int(facts, "model")) + (f".{inside}" if inside else "")]
        if training is not None:
            parts.append("training mode" if training else "evaluation mode")
        if ran == "mixed":
            parts.append("some layers as in training, some as in evaluation")
        elif ran in {"training", "evaluation"} and (ran == "training") != bool(training):
            parts.append(f"but Dropout and BatchNorm as in {ran}")
        if facts.get("inference"):
            parts.append("inference mode")
        elif facts.get("grad") is False:
            parts.append("no gradients")
        autocast = facts.get("autocast")
        if autocast:
            kind = autocast.removeprefix("torch.") if isinstance(autocast, str) else ""
            parts.append(f"autocast {kind}".strip())
        return parts

    def _loss(self, facts: Mapping[str, Fact]) -> list[str]:
        known = self._seen.losses.get(_int(facts, "loss"))
        if known is None:
            return ["a loss", self.values]
        how = "" if known.reduction in {"", "mean"} else f" ({known.reduction})"
        values = self.values
        if not values and known.value is not None:
            values = f"first {number(known.value)}"
        return [f"{known.function}{how}", values]

    def _backward(self, facts: Mapping[str, Fact]) -> list[str]:
        parts = [self._gradients(facts.get("grads"), BEFORE)]
        if "then" in facts:  # see repeats.py: repetitions that differ by this only
            parts.append(f"then {self._gradients(facts['then'], BEFORE)}")
        if facts.get("leaf"):
            parts.append("the loss has no graph: no gradient is made")
        if facts.get("create"):
            parts.append("with a graph of its own")
        elif facts.get("retain"):
            parts.append("the graph is kept")
        return parts

    def _gradients(self, state: Fact, words: Mapping[str, str]) -> str:
        """The state of gradients in words; of several optimizers the names with the states."""
        if not isinstance(state, str) or not state:
            return ""
        if ":" not in state:
            return words.get(state, "")
        found: dict[str, list[str]] = {}
        for part in state.split()[:MOST_STATES]:
            which, _, kind = part.partition(":")
            name = self._names.owned(int(which)) if _is_number(which) else which
            found.setdefault(kind, []).append(name)
        if len(found) == 1:
            return words.get(next(iter(found)), "")
        said = [f"{kind.replace('-', ' ')} in {' and '.join(own)}" for kind, own in found.items()]
        left = len(state.split()) - MOST_STATES
        return f"gradients: {', '.join(said)}" + (f" and {left} more" if left > 0 else "")

    def _clip(self, facts: Mapping[str, Fact]) -> list[str]:
        how, limit = facts.get("how"), facts.get("limit")
        most = f" at most {number(limit)}" if limit is not None else ""
        return [f"{how or 'norm'} of gradients{most}", self._gradients(facts.get("grads"), USED)]

    def _step_scaled(self, facts: Mapping[str, Fact]) -> list[str]:
        if facts.get("skipped"):
            return ["skipped by the GradScaler: gradients were not finite"]
        return ["step through the GradScaler", *_disabled(facts)]

    def _step(self, facts: Mapping[str, Fact]) -> list[str]:
        which = _int(facts, "optimizer")
        known = self._seen.optimizers.get(which)
        if known is not None and known.by_hand:
            parts = ["no optimizer: the loop changes the weights itself"]
        else:
            parts = [self._names.optimizer(which), self.rate(which)]
        if facts.get("closure"):
            parts.append("with a closure")
        parts.append(self._gradients(facts.get("grads"), USED))
        if facts.get("changed") is False:
            parts.append("no weight changed")
        return parts

    def rate(self, optimizer: int) -> str:
        """The learning rate of the first group, and what it became: "lr 0.1 -> 0.001"."""
        went = rate_went(self._seen, optimizer)
        if went:
            return f"lr {went}"
        known = self._seen.optimizers.get(optimizer)
        rate = known.groups[0].settings.get("lr") if known and known.groups else None
        return f"lr {number(rate)}" if rate is not None else ""

    def _clear(self, facts: Mapping[str, Fact]) -> list[str]:
        by, which = facts.get("by"), _int(facts, "number")
        to = {"none": "to none", "zero": "to zero"}.get(str(facts.get("to")), "")
        if by == "optimizer":
            several = len(self._seen.optimizers) > 1
            whose = f"gradients of {self._names.optimizer(which)}" if several else "gradients"
        elif by == "module":
            whose = f"gradients of {self._names.model(which)}"
        else:
            whose = "gradients, by hand,"
        return [f"{whose} set {to}".strip()]

    def _scheduler(self, which: int) -> str:
        known = self._seen.schedulers.get(which)
        return known.class_name if known else "scheduler"

    def _mode(self, facts: Mapping[str, Fact]) -> list[str]:
        kind = "training" if facts.get("training") else "evaluation"
        part = f".{facts['module']}" if facts.get("module") else ""
        return [f"{self._names.model(_int(facts, 'model'))}{part} to {kind} mode"]

    def _load(self, facts: Mapping[str, Fact]) -> list[str]:
        name = self._names.optimizer if facts.get("what") == "optimizer" else self._names.model
        which = _int(facts, "number")
        return [f"state of {name(which) if which >= 0 else facts.get('what') or 'a module'}"]

    # ---------------------------------------------------------------- who takes part

    def model(self, which: int) -> str:
        """A model with its size: "669,706 parameters in 6 tensors, 1,026 of them trainable"."""
        known = self._seen.models.get(which)
        if known is None:
            return self._names.model(which)
        own = [p for p in known.parameters if not p.tied_to]
        total = sum(_size(p) for p in own)
        trainable = sum(_size(p) for p in own if p.trainable)
        text = f"{self._names.model(which)}: {number(total)} parameters"
        text += f" in {counted(len(own), 'tensor')}"
        if known.left_out > 0:
            text += f" and {counted(known.left_out, 'part')} more"
        return text if trainable == total else f"{text}, {number(trainable)} of them trainable"


def _size(parameter: seen.Parameter) -> int:
    return product(parameter.shape)


def _disabled(facts: Mapping[str, Fact]) -> list[str]:
    return ["GradScaler disabled"] if facts.get("enabled") is False else []


def _int(facts: Mapping[str, Fact], key: str) -> int:
    value = facts.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18
