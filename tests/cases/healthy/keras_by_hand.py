"""Keras layers in a loop of one's own (after its guide): a torch optimizer, then weights moved by hand.

traps: by-hand, eval-once
"""

import keras
import torch
from keras import layers
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

keras.utils.set_random_seed(75)
x = torch.randn(224, 8)
y = x[:, :3].argmax(1)
train = DataLoader(TensorDataset(x[:160], y[:160]), batch_size=16, shuffle=True)
test = DataLoader(TensorDataset(x[160:], y[160:]), batch_size=32)
model = keras.Sequential([keras.Input((8,)), layers.Dense(24, "tanh"), layers.Dense(3)])
criterion = nn.CrossEntropyLoss()
for epoch in range(3):
    for a, b in train:
        loss = criterion(model(a, training=True), b)
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for weight in model.trainable_weights:
                weight.value.data.add_(weight.value.grad, alpha=-0.5)
model.eval()
with torch.no_grad():
    print(sum((model(a, training=False).argmax(1) == b).sum().item() for a, b in test) / 64)
