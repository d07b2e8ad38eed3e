"""Keras: the last layer has a softmax and the loss was told that it gets logits.

rule:   double-softmax
line:   outputs = keras.layers.Dense(3, activation="softmax")(x)
style:  Keras on torch
source: mmalekzadeh/dana#1
"""

import keras
import numpy as np

keras.utils.set_random_seed(13)
signals = np.random.RandomState(0).randn(160, 20, 3).astype("float32")
activity = signals.mean(axis=1).argmax(axis=1)

inputs = keras.Input((20, 3))
x = keras.layers.Conv1D(8, 5, activation="relu")(inputs)
x = keras.layers.GlobalAveragePooling1D()(x)
outputs = keras.layers.Dense(3, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),  # wrong
    # fixed: loss=keras.losses.SparseCategoricalCrossentropy(from_logits=False),
    metrics=["accuracy"],
)
history = model.fit(
    signals[:128],
    activity[:128],
    batch_size=16,
    epochs=2,
    validation_data=(signals[128:], activity[128:]),
    verbose=0,
)
print(history.history["loss"])
