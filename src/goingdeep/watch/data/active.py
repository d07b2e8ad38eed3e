"""One walk over a loader while it lasts: what was read, and what was done with it.

The lane tells it of forwards, losses, backwards and steps; its role follows from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from goingdeep.record.seen import Op, Pass
from goingdeep.watch.data.batches import tensors_in
from goingdeep.watch.data.contents import Predictions
from goingdeep.watch.data.overlaps import Summary
from goingdeep.watch.data.read import Read, on_cpu
from goingdeep.watch.data.taken import Taken
from goingdeep.watch.reading.later import BUFFER, read
from goingdeep.watch.writing.ops import Signature, as_op

if TYPE_CHECKING:
    from goingdeep.watch.data.loaders import KnownLoader

MAX_NOTED = 64
MAX_MODELS = 64

TRAINED = 0.9
"""From this share of its used batches on that were followed by backward, a pass was training."""

_function_off = torch._C.DisableTorchFunction  # noqa: SLF001


class Fed:
    """The passes of one thread whose batches wait for their backward, or for their step.

    Several loaders may feed one loss (labelled and unlabelled batches): its backward is of all of
    them. An evaluation that recorded graphs is told apart by its mode, by its end, or by its many
    batches without a backward.
    """

    def __init__(self) -> None:
        self.forward: list[ActivePass] = []
        self.backward: list[ActivePass] = []


class ActivePass(Read):
    """A pass that goes on, or that ended and may still have its last batch in use.

    loader: its number. number: of this loader's passes, from 1. batches: read so far. forwards: on
    its batches.
    """

    # Slots as in `Lane`, and for the same reason: it is read on the way through every step.
    __slots__ = (
        "_fed_batches", "_later", "_loss", "_mode", "_noted", "_predictions", "_trained", "_turn",
        "_turn_trained", "_used", "_values", "backwards", "broken", "closed", "complete",
        "first_step", "forwards", "id", "indices", "kept_graph", "known", "last_given", "last_step",
        "loader", "losses", "models", "number", "open", "opened", "seed", "sensitive_training",
        "site", "steps", "summary", "taken", "training_mode", "with_grad",
    )  # fmt: skip

    def __init__(
        self, identity: int, known: KnownLoader, number: int, site: int, *,
        collated: bool, seed: int, check: bool, briefly: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(collated=collated, check=check, briefly=briefly)
        self.id, self.known, self.loader, self.number = identity, known, known.id, number
        self.site, self.seed = site, seed
        self.open, self.complete, self.broken = True, False, False
        self.opened = self.last_given = self.closed = 0  # on the clock of `Passes`
        self.forwards = self.backwards = self.steps = 0
        self.first_step = self.last_step = 0
        self.training_mode = self.sensitive_training = self.with_grad = self.kept_graph = 0
        self.losses = 0
        self.models: set[int] = set()
        self.indices = ""
        self.taken: Taken | None = None  # its samples, once it has ended
        self.summary: Summary | None = None
        self._loss = 0.0
        self._values = 0
        self._later: list[Tensor] = []  # losses on an accelerator, not read yet
        self._noted: list[Signature] = [("batch", site, known.id)]
        self._used = self._trained = 0
        self._turn = -1  # the batch that the newest forward took
        self._turn_trained = False
        self._fed_batches = 0  # used since the last backward
        self._mode = True
        self._predictions = Predictions()

    # ---------------------------------------------------------------- what the loop did with it

    def turn(self, batch: int) -> None:
        """A forward takes this batch."""
        if batch != self._turn:
            self._turn = batch
            self._turn_trained = False
            self._used += 1
            self._fed_batches += 1

    def not_taken(self) -> None:
        """The forward that took the newest batch raised."""
        if self._turn >= 0 and not self._turn_trained:
            self._turn = -1
            self._used -= 1

    def forward(self, fed: Fed, model: int, training: bool, sensitive: int, grad: bool) -> None:
        """A model was called on a batch. sensitive: Dropout or BatchNorm ran as in training."""
        self.forwards += 1
        self._mode = training
        if training:
            self.training_mode += 1
        if sensitive:
            self.sensitive_training += 1
        if model not in self.models and len(self.models) < MAX_MODELS:
            self.models.add(model)
        if grad:
            self.with_grad += 1
            waiting = fed.forward
            if not waiting or (waiting[-1] is not self and self not in waiting):
                waiting.append(self)

    def output(self, output: Any) -> None:
        """What that model gave: whether it has a graph, and in an evaluation which classes."""
        if self._trained and type(output) is Tensor:  # the usual case in short
            self.kept_graph += output.requires_grad
            return
        found = [output] if isinstance(output, Tensor) else tensors_in(output)
        with _function_off():
            for tensor in found:
                if tensor.requires_grad:
                    self.kept_graph += 1
                    break
            if not self._trained:
                # Among several (a loss, scores, hidden states) the first with a row per sample.
                scores = next((tensor for tensor in found if tensor.dim() == 2), None)
                # From an accelerator, where reading waits, at powers of two.
                if (
                    scores is not None
                    and not scores.is_cpu
                    and not self.forwards & (self.forwards - 1)
                ):
                    scores = on_cpu(scores)
                if scores is not None and scores.is_cpu:
                    self._predictions.look(scores)

    def loss(self, value: float | Tensor | None) -> None:
        """A loss function was called; None where its value is not known."""
        self.losses += 1
        if isinstance(value, Tensor):
            self._later.append(value)
            if len(self._later) >= BUFFER:
                self._read_losses()
        elif value is not None:
            self._loss += value
            self._values += 1

    def _read_losses(self) -> None:
        values = read(self._later)
        self._later.clear()
        self._loss += sum(values)
        self._values += len(values)

    def backward(self, fed: Fed) -> None:
        """Gradients were computed from what the newest forward made of a batch."""
        for other in fed.forward:
            if other is self or other._shares_loss_with(self):  # noqa: SLF001
                other._went_back(fed)  # noqa: SLF001
        if self not in fed.forward:
            self._went_back(fed)
        fed.forward.clear()

    def _shares_loss_with(self, other: ActivePass) -> bool:
        return self.open and self._fed_batches <= 2 and self._mode is other._mode

    def _went_back(self, fed: Fed) -> None:
        self.backwards += 1
        self._fed_batches = 0
        if not self._turn_trained:
            self._turn_trained = True
            self._trained += 1
        if self not in fed.backward:
            fed.backward.append(self)

    def step(self, fed: Fed, number: int) -> None:
        """An optimizer used these gradients; number: of all steps of the run."""
        if self not in fed.backward:
            fed.backward.append(self)
        for other in fed.backward:
            other.steps += 1
            other.first_step = other.first_step or number
            other.last_step = number
        fed.backward.clear()

    def note(self, operation: Signature) -> None:
        """One operation of the first cycle of an evaluation."""
        if len(self._noted) < MAX_NOTED:
            self._noted.append(operation)

    # ---------------------------------------------------------------- afterwards

    @property
    def role(self) -> str:
        """What its batches were used for, as in `Pass`."""
        if not (self.forwards or self.losses or self.backwards):
            return "unused"
        if not self.backwards:
            return "mixed" if self.steps else "evaluation"
        return "training" if self.steps and self._trained >= TRAINED * self._used else "mixed"

    def facts(self, taken: Taken | None, *, labels: bool) -> dict[str, Any]:
        """The fields of its `Pass` event. labels: whether to count samples by label."""
        if self._later:
            self._read_losses()
        role = self.role
        summary = self.summary
        counted = self.labels.result()
        if counted is not None and not labels:
            counted = type(counted)(counted.batches, counted.distinct, counted.expected)
        predictions, spread = self._predictions.result() if role != "training" else ({}, None)
        ops: tuple[Op, ...] = ()
        if role == "evaluation":
            ops = tuple(as_op(operation) for operation in self._noted)
        found: dict[str, Any] = {
            name: getattr(self, name)
            for name in Pass.__struct_fields__
            if name in _OWN and name not in {"models", "labels", "inputs"}
        }
        found.update(
            role=role,
            models=tuple(sorted(self.models)),
            losses=self.losses,
            # NaN has no place in JSON, and is no mean of anything.
            loss=self._loss / self._values if self._values and abs(self._loss) < 1e300 else None,
            hashed=not self.unread and (summary is None or summary.hashed),
            labels=counted,
            inputs=self.inputs.result() if self.inputs is not None else None,
            predictions=predictions,
            logit_spread=spread,
            ops=ops,
        )
        if summary is not None and taken is not None:
            found.update(
                order="" if self.unread else taken.order,
                head=taken.head,
                distinct=summary.distinct,
                constant=summary.constant,
                overlap=summary.overlap,
            )
        return found


_OWN = frozenset((*Read.__slots__, *ActivePass.__slots__))
