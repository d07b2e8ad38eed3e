"""Keras: a softmax whose log the loss takes, gradients that the optimizer accumulates, the best restored.

traps: log-inside, accumulation
"""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(74)
draw = np.random.RandomState(0)
x = draw.randn(240, 8).astype("float32")
y = x[:, :3].argmax(1)
model = keras.Sequential([keras.Input((8,)), layers.Dense(32, "relu"), layers.Dense(3, "softmax")])
model.compile(
    optimizer=keras.optimizers.Adam(1e-2, gradient_accumulation_steps=2, use_ema=True),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(
    x[:200], y[:200], batch_size=10, epochs=4, validation_split=0.2, verbose=0,
    callbacks=[
        keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(patience=1),
    ],
)  # fmt: skip
model.evaluate(x[200:], y[200:], verbose=0)
