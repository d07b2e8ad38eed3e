"""Keras: a frozen base with BatchNorm, then unfrozen; evaluated before; a cosine rate cut short.

traps: frozen, evaluated-first, cut-short
"""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(72)
draw = np.random.RandomState(0)
x = draw.randn(240, 8).astype("float32")
y = x[:, :3].argmax(1)
base = keras.Sequential(
    [
        keras.Input((8,)),
        layers.Dense(32),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Dropout(0.2),
    ]
)
base.trainable = False
inputs = keras.Input((8,))
model = keras.Model(inputs, layers.Dense(3)(base(inputs, training=False)))


def compiled(rate):
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, 10_000)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


compiled(1e-2)
model.evaluate(x[160:], y[160:], verbose=0)
model.fit(
    x[:160], y[:160], batch_size=16, epochs=2, validation_data=(x[160:200], y[160:200]), verbose=0
)
base.trainable = True
compiled(1e-4)
model.fit(
    x[:160], y[:160], batch_size=16, epochs=2, validation_data=(x[160:200], y[160:200]), verbose=0
)
model.evaluate(x[200:], y[200:], verbose=0)
