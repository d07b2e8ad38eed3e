"""Keras 3 on torch: layers and optimizer of its own."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import training

model = training.network()
data = training.data()
twin = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)])
twin.set_weights(
    [p.detach().numpy().T if p.ndim > 1 else p.detach().numpy() for p in model.parameters()]
)
twin.compile(
    optimizer=keras.optimizers.SGD(training.RATE),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
x, y = (t.numpy() for t in data.tensors)
twin.fit(x, y, batch_size=training.BATCH, epochs=1, shuffle=False, verbose=0)
print("\nweights", [float(v) for w in twin.get_weights() for v in w.T.flatten()])
