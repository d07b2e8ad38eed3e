"""Keras: an embedding that is used in both directions, padding masked in layers and in the loss.

traps: tied, masks
"""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(76)
draw = np.random.RandomState(0)
ids = (np.arange(9) + draw.randint(0, 11, (160, 1)) * draw.randint(1, 4, (160, 1))) % 11 + 1
for row, length in zip(ids, draw.randint(4, 10, 160), strict=True):
    row[length:] = 0
x, y = ids[:, :-1], ids[:, 1:]


class LM(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed = layers.ReversibleEmbedding(12, 16, tie_weights=True, mask_zero=True)
        self.rnn, self.drop = layers.GRU(16, return_sequences=True), layers.Dropout(0.1)

    def call(self, ids, training=False):
        hidden = self.rnn(self.embed(ids))
        return self.embed(self.drop(hidden, training=training), reverse=True)


model = LM()
model.compile(
    optimizer=keras.optimizers.AdamW(5e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0),
)
model.fit(x, y, batch_size=16, epochs=3, validation_split=0.2, verbose=0)
