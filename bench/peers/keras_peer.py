"""Keras 3 on PyTorch, on arrays as its pages have it. Source: https://keras.io/getting_started.

Keras starts its layers from other random values than PyTorch does: no difference to the time, but
to the accuracy. Here they start as `torch.nn.Linear` does: equal accuracy shows that the work is.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import math
import time

import keras
from work import BATCH, RATE, arguments, arrays, report


def dense(inputs: int, outputs: int, activation: str | None = None) -> keras.layers.Dense:
    def start() -> keras.initializers.Initializer:
        return keras.initializers.RandomUniform(-1 / math.sqrt(inputs), 1 / math.sqrt(inputs))

    return keras.layers.Dense(
        outputs, activation=activation, kernel_initializer=start(), bias_initializer=start()
    )


class Timer(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, *_: object) -> None:
        self.start = time.perf_counter()

    def on_test_begin(self, *_: object) -> None:
        self.seconds.append(time.perf_counter() - self.start)


if __name__ == "__main__":
    args = arguments()
    keras.utils.set_random_seed(args.seed)
    images, labels = arrays(args.data, "train")
    model = keras.Sequential(
        [
            keras.Input(shape=(1, 28, 28)),
            keras.layers.Flatten(),
            dense(784, 512, "relu"),
            dense(512, 512, "relu"),
            dense(512, 10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    timer = Timer()
    history = model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=args.epochs,
        validation_data=arrays(args.data, "t10k"),
        callbacks=[timer],
        verbose=0,
    )
    model.save_weights("model.weights.h5")
    report(timer.seconds, history.history["val_accuracy"])
