"""skorch: an autoencoder with a summed binary cross-entropy on a sigmoid, its decoder tied to its encoder.

traps: bce-summed, tied
"""

import numpy as np
import torch
import torch.nn.functional as F
from skorch import NeuralNet
from torch import nn


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(36, 12)
        self.bias = nn.Parameter(torch.zeros(36))

    def forward(self, x):
        code = torch.tanh(self.encode(x))
        return torch.sigmoid(F.linear(code, self.encode.weight.t(), self.bias)), code


class Lost(nn.Module):
    def forward(self, out, target):
        made, code = out
        return F.binary_cross_entropy(made, target, reduction="sum") + 0.01 * code.abs().sum()


torch.manual_seed(64)
draw = np.random.RandomState(0)
images = (draw.rand(200, 36) < draw.rand(36)).astype(np.float32)
net = NeuralNet(
    Tied, criterion=Lost, optimizer=torch.optim.Adam, lr=1e-3, batch_size=16, max_epochs=4, verbose=0,
    iterator_train__shuffle=True,
)  # fmt: skip
net.fit(images, images)
