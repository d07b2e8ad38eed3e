"""skorch with two modules, two optimizers and a train_step of its own.

traps: two-optimizers
"""

import numpy as np
import torch
import torch.nn.functional as F
from skorch import NeuralNet
from torch import nn


class GAN(NeuralNet):
    def initialize_module(self):
        super().initialize_module()
        self.critic_ = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
        return self

    def initialize_optimizer(self, triggered_directly=None):
        self.optimizer_ = torch.optim.Adam(self.module_.parameters(), lr=self.lr)
        self.critic_optimizer_ = torch.optim.Adam(self.critic_.parameters(), lr=self.lr)
        return self

    def judged(self, samples, real):
        scores = self.critic_(samples)
        return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, float(real)))

    def train_step(self, batch, **fit_params):
        real, _ = batch
        self._set_training(True)
        fake = self.module_(torch.randn(len(real), 4))
        self.critic_optimizer_.zero_grad()
        loss = self.judged(real, real=True) + self.judged(fake.detach(), real=False)
        loss.backward()
        self.critic_optimizer_.step()
        self.optimizer_.zero_grad()
        fooled = self.judged(fake, real=True)
        fooled.backward()
        self.optimizer_.step()
        return {"loss": fooled.detach(), "y_pred": fake.detach()}


torch.manual_seed(66)
X = np.random.RandomState(0).randn(160, 6).astype(np.float32) + 1
generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 6))
net = GAN(
    generator, criterion=nn.BCEWithLogitsLoss, lr=2e-3, batch_size=16, max_epochs=3, train_split=None,
    verbose=0, iterator_train__shuffle=True,
)  # fmt: skip
net.fit(X, None)
