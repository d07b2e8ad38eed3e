"""skorch: accumulated and scaled gradients (after its FAQ), log-softmax with NLLLoss.

traps: accumulation, nll
"""

import numpy as np
import torch
from skorch import NeuralNet
from torch import nn

ACCUMULATED = 2


class Accumulating(NeuralNet):
    def get_loss(self, *args, **kwargs):
        return super().get_loss(*args, **kwargs) / ACCUMULATED

    def train_step(self, batch, **fit_params):
        # After the optimizer's step the gradients are cleared, not before it.
        n_train_batches = len(self.history[-1, "batches"])
        step = self.train_step_single(batch, **fit_params)
        if n_train_batches % ACCUMULATED == 0:
            self.optimizer_.step()
            self.optimizer_.zero_grad()
        return step


torch.manual_seed(63)
draw = np.random.RandomState(0)
X = draw.randn(240, 8).astype(np.float32)
y = X[:, :3].argmax(1).astype(np.int64)
net = Accumulating(
    nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3), nn.LogSoftmax(dim=-1)),
    criterion=nn.NLLLoss, optimizer=torch.optim.Adam, lr=1e-2, batch_size=12, max_epochs=4, verbose=0,
    iterator_train__shuffle=True,
)  # fmt: skip
net.fit(X, y)
