"""Keras 3 on torch: its layers are modules, its optimizers are its own."""

import keras
import numpy as np

steps, losses, passes, trained, evaluated = 0, [], [], [], []
keras.utils.clear_session()
keras.utils.set_random_seed(47)


class Counting(keras.Sequential):
    def compute_loss(self, *args, training=True, **settings):
        loss = super().compute_loss(*args, training=training, **settings)  # loss
        if loss.device.type == "meta":
            return loss  # Keras asks for shapes only
        (losses if training else tested).append(float(loss))
        (trained if training else evaluated).append(self.training)
        return loss


class Count(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        global steps
        steps += 1

    def on_test_begin(self, logs=None):
        passes.append(("training", 5))
        tested.clear()

    def on_test_end(self, logs=None):
        passes.append(("evaluation", 3))


tested = []
passes.append(("unused", 1))  # Keras reads one batch to learn its shape
draw = np.random.RandomState(0)
x, y = draw.randn(40, 6).astype("float32"), draw.randint(0, 3, 40)
x_test, y_test = draw.randn(12, 6).astype("float32"), draw.randint(0, 3, 12)
model = Counting(
    [
        keras.Input((6,)),
        keras.layers.Dense(8, "relu"),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(3),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
model.fit(  # batch, forward, backward, step, clear, mode
    x, y, batch_size=8, epochs=2, validation_data=(x_test, y_test), validation_batch_size=4, verbose=0,
    callbacks=[Count()],
)  # fmt: skip
