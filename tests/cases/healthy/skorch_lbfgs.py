"""skorch: LBFGS, whose closure skorch makes, on the whole data at once.

traps: lbfgs, masks
"""

import numpy as np
import torch
from skorch import NeuralNetRegressor
from torch import nn

torch.manual_seed(61)
draw = np.random.RandomState(0)
X = draw.randn(80, 5).astype(np.float32)
y = (X @ draw.randn(5, 1) + 0.1 * draw.randn(80, 1)).astype(np.float32)


class Masked(nn.MSELoss):
    """Where no target is known, none counts."""

    def forward(self, made, target):
        known = ~target.isnan()
        return super().forward(made[known], target[known])


y[::7] = np.nan
net = NeuralNetRegressor(
    nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1)), criterion=Masked,
    optimizer=torch.optim.LBFGS, lr=0.1, optimizer__max_iter=3, batch_size=-1, max_epochs=12, verbose=0,
)  # fmt: skip
net.fit(X, y)
