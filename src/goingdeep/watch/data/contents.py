"""What the batches of a pass hold, in numbers: class labels, values of the inputs, predictions."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import numpy.typing as npt
from torch import Tensor

from goingdeep.record.seen import Inputs, Labels
from goingdeep.watch.reading.memory import Array, array, numbers

MAX_CLASSES = 1_000
"""Classes that are written one by one."""

MAX_COUNTED = 10_000
MAX_VALUES = 1 << 15
"""Values looked at in the first batch; of a larger one evenly strided ones."""

MAX_LATER = 1 << 13
"""And in a later batch."""

MAX_CHANNELS = 16
MAX_FEATURES = 4_096
MAX_OUTPUTS = 64

F64 = npt.NDArray[np.float64]


class LabelCounts:
    """Labels of the batches that were looked at."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self._batches = 0
        self._distinct = 0
        self._too_many = False

    def look(self, labels: Tensor) -> None:
        """One more batch of class indices."""
        values = array(labels)
        if values is None:
            return
        found = values.tolist()
        self._batches += 1
        self._distinct += len(set(found))
        if not self._too_many:
            self.counts.update(found)
            self._too_many = len(self.counts) > MAX_COUNTED

    def result(self) -> Labels | None:
        """None where there were no labels."""
        if not self._batches:
            return None
        return Labels(
            self._batches,
            round(self._distinct / self._batches, 4),
            0.0 if self._too_many else round(self._expected(), 4),
            dict(sorted(self.counts.items())) if len(self.counts) <= MAX_CLASSES else {},
        )

    def _expected(self) -> float:
        """Distinct labels in a batch drawn from all samples that were looked at, none twice.

        A class of n among N samples is missed by a batch of B with probability
        C(N - n, B) / C(N, B).
        """
        total = sum(self.counts.values())
        batch = max(1, round(total / self._batches))
        expected = 0.0
        for count in self.counts.values():
            if total - count < batch:
                expected += 1.0
            else:
                missed = _log_choose(total - count, batch) - _log_choose(total, batch)
                expected += 1.0 - math.exp(missed)
        return expected


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


class _Moments:
    """Mean and standard deviation, of one number or of several side by side."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: F64 = np.zeros(1)
        self._squares: F64 = np.zeros(1)

    def add(self, values: F64) -> None:
        """values: f64[n, k], n numbers of each of k."""
        count = len(values)
        mean = values.mean(0)
        squares = np.square(values - mean).sum(0)
        if not self.count:
            self.count, self.mean, self._squares = count, mean, squares
        elif mean.shape == self.mean.shape:
            total = self.count + count
            apart = mean - self.mean
            self.mean = self.mean + apart * (count / total)
            self._squares = self._squares + squares + apart**2 * (self.count * count / total)
            self.count = total

    @property
    def std(self) -> F64:
        """Of the population (divided by the number of values)."""
        return np.sqrt(self._squares / max(1, self.count))


class InputNumbers:
    """The inputs of some batches of a pass."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self._shape, self._dtype = shape, dtype
        self._low, self._high = math.inf, -math.inf
        self._whole = True
        self._all = _Moments()
        self._channels = _Moments()
        self._features = _Moments()
        # Pictures with their channels behind the pixels have 1, 3 or 4 of them there, and
        # nowhere else.
        self._last = len(shape) == 4 and shape[3] in {1, 3, 4} and shape[1] not in {1, 3, 4}
        self._axis = -1 if self._last else 1

    def look(self, tensor: Tensor) -> None:
        """One more batch."""
        values = numbers(tensor)
        if values is not None and values.ndim == len(self._shape):
            with np.errstate(all="ignore"):  # the user's program may turn warnings into errors
                self._look(values)

    def _look(self, values: Array) -> None:
        part = np.asarray(
            _part(values, self._axis, MAX_LATER if self._all.count else MAX_VALUES),
            dtype=np.float64,
        )
        if not part.size:
            return
        finite = np.isfinite(part)
        if not finite.all():
            some = part[finite]
            if some.size:
                self._add(some)
            return
        self._add(part)
        channels = part.shape[self._axis] if part.ndim == 4 else 0
        if 1 <= channels <= MAX_CHANNELS:
            self._channels.add(np.moveaxis(part, self._axis, -1).reshape(-1, channels))
        if part.ndim == 2 and 2 <= part.shape[1] <= MAX_FEATURES:
            self._features.add(part)

    def _add(self, values: F64) -> None:
        self._low = min(self._low, float(values.min()))
        self._high = max(self._high, float(values.max()))
        self._whole = self._whole and bool((values == np.rint(values)).all())
        self._all.add(values.reshape(-1, 1))

    def result(self) -> Inputs:
        """Numbers have seven digits. Nothing but shape and dtype where no value could be read."""
        if not self._all.count:
            return Inputs(self._shape, self._dtype, last_axis=self._last)
        spread = self._features.std[self._features.std > 0] if self._features.count else np.zeros(0)
        seen = self._channels.count > 0
        return Inputs(
            self._shape,
            self._dtype,
            low=self._low,
            high=self._high,
            mean=_digits(float(self._all.mean[0])),
            std=_digits(float(self._all.std[0])),
            whole=self._whole,
            channel_means=tuple(map(_digits, self._channels.mean.tolist())) if seen else (),
            channel_stds=tuple(map(_digits, self._channels.std.tolist())) if seen else (),
            last_axis=self._last,
            feature_stds=(
                (_digits(float(spread.min())), _digits(float(spread.max())))
                if spread.size
                else (0.0, 0.0)
            ),
        )


def _part(values: Array, axis: int, most: int) -> Array:
    """All of a small batch; of a large one every n-th sample, and then every n-th pixel."""
    if values.size <= most:
        return values
    samples = max(1, most // (values.size // len(values)))
    values = values[:: -(-len(values) // samples)]
    axes = [a for a in range(1, values.ndim) if values.ndim != 4 or a != axis % 4]
    while values.size > most and axes:
        longest = max(axes, key=lambda a: values.shape[a])
        if values.shape[longest] < 2:
            break
        # Of each pair one: of every third it would fall on the same colour of interleaved pixels.
        values = values[(slice(None),) * longest + (slice(None, None, 2),)]
    return values


def _digits(value: float) -> float:
    # What overflows has no place in JSON.
    return float(f"{value:.7g}") if math.isfinite(value) else 0.0


class Predictions:
    """The classes that a model gave in some batches of an evaluation."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.looks = 0
        self._calls = 0
        self._spread = 0.0

    def look(self, output: Tensor) -> None:
        """Scores [N, K] of one batch: the first 32, then every fourth."""
        self._calls += 1
        if self.looks >= MAX_OUTPUTS or (self._calls > MAX_OUTPUTS // 2 and self._calls % 4):
            return
        if output.dim() != 2 or not output.dtype.is_floating_point:
            return
        if output.shape[1] < 2 or output.shape[1] > MAX_COUNTED or output.shape[0] > MAX_COUNTED:
            return
        values = numbers(output)
        if values is None:
            return
        self.looks += 1
        self.counts.update(values.argmax(1).tolist())
        with np.errstate(all="ignore"):
            spread = float(np.asarray(values, dtype=np.float64).std(0).mean())
        self._spread += spread if math.isfinite(spread) else 0.0

    def result(self) -> tuple[dict[int, int], float | None]:
        """Samples by class, and how far apart one logit is over the samples of a batch (mean)."""
        if not self.looks:
            return {}, None
        counts = self.counts if len(self.counts) <= MAX_CLASSES else {}
        return dict(sorted(counts.items())), _digits(self._spread / self.looks)
