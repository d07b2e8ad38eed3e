"""Keras: a sampling layer, sigmoid with a binary cross-entropy that is summed.

traps: bce-summed
"""

import keras
import numpy as np
from keras import layers, ops

keras.utils.set_random_seed(73)


class VAE(keras.Model):
    def __init__(self):
        super().__init__()
        self.encode = layers.Dense(8)
        self.decode = layers.Dense(36, activation="sigmoid")
        self.draw = keras.random.SeedGenerator(1)

    def call(self, x):
        mean, log_var = ops.split(self.encode(x), 2, axis=1)
        self.add_loss(-0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var)))
        noise = keras.random.normal(ops.shape(mean), seed=self.draw)
        return self.decode(mean + noise * ops.exp(0.5 * log_var))


def summed(target, made):
    return ops.sum(keras.losses.binary_crossentropy(target, made)) * 36


draw = np.random.RandomState(0)
images = (draw.rand(128, 36) < draw.rand(36)).astype("float32")
vae = VAE()
vae.compile(optimizer=keras.optimizers.Adam(1e-3), loss=summed)
vae.fit(images, images, batch_size=16, epochs=3, verbose=0)
