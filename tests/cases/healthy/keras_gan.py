"""Keras: a train_step of one's own for two networks and two optimizers.

traps: two-optimizers
"""

import keras
import numpy as np
import torch

keras.utils.set_random_seed(71)


class GAN(keras.Model):
    def __init__(self, generator, critic):
        super().__init__()
        self.generator, self.critic = generator, critic
        self.built = True

    def compile(self, g_optimizer, d_optimizer, loss_fn):
        super().compile()
        self.g_optimizer, self.d_optimizer, self.loss_fn = g_optimizer, d_optimizer, loss_fn

    def train_step(self, real):
        if isinstance(real, tuple):
            real = real[0]
        real = torch.as_tensor(real)
        count = len(real)
        fake = self.generator(torch.randn(count, 4)).detach()
        scores = self.critic(torch.cat([real, fake]))
        labels = torch.cat([torch.ones(count, 1), torch.zeros(count, 1)])
        self.zero_grad()
        d_loss = self.loss_fn(labels, scores)
        d_loss.backward()
        self.apply(self.critic, self.d_optimizer)
        self.zero_grad()
        g_loss = self.loss_fn(
            torch.ones(count, 1), self.critic(self.generator(torch.randn(count, 4)))
        )
        g_loss.backward()
        self.apply(self.generator, self.g_optimizer)
        return {"d_loss": d_loss, "g_loss": g_loss}

    def apply(self, network, optimizer):
        weights = network.trainable_weights
        with torch.no_grad():
            optimizer.apply([w.value.grad for w in weights], weights)


layers = keras.layers
generator = keras.Sequential([keras.Input((4,)), layers.Dense(16, "relu"), layers.Dense(6)])
critic = keras.Sequential(
    [keras.Input((6,)), layers.Dense(16), layers.LeakyReLU(), layers.Dense(1)]
)
gan = GAN(generator, critic)
gan.compile(
    keras.optimizers.Adam(2e-3),
    keras.optimizers.Adam(2e-3),
    keras.losses.BinaryCrossentropy(from_logits=True),
)
gan.fit(np.random.randn(160, 6).astype("float32") + 1, batch_size=16, epochs=3, verbose=0)
