"""A direction in latent space is learned through two frozen networks; its gradient only grows.

rule:   grads-not-cleared
line:   loss.backward()
style:  one trained module between frozen ones, an endless generator in place of a loader
source: LoreGoetschalckx/GANalyze#7
"""

import torch
from torch import nn


class OneDirection(nn.Module):
    def __init__(self, dim_z):
        super().__init__()
        self.w = nn.Parameter(torch.randn(1, dim_z))

    def forward(self, z, step_sizes):
        return z + step_sizes * self.w


def frozen(module):
    for p in module.parameters():
        p.requires_grad = False
    return module.eval()


torch.manual_seed(1)
dim_z = 12
generator = frozen(nn.Sequential(nn.Linear(dim_z, 32), nn.ReLU(), nn.Linear(32, 48), nn.Tanh()))
assessor = frozen(nn.Sequential(nn.Linear(48, 16), nn.ReLU(), nn.Linear(16, 1)))
transformer = OneDirection(dim_z)
optimizer = torch.optim.Adam(transformer.parameters(), lr=2e-3)
transformer.train()


def training_batches(count, batch_size=16):
    for _ in range(count):
        yield torch.randn(batch_size, dim_z), 0.5 * torch.randn(batch_size, 1)


for i, (zs, step_sizes) in enumerate(training_batches(30)):
    out_scores = assessor(generator(zs))
    target_scores = out_scores + step_sizes
    # fixed: optimizer.zero_grad()
    z_transformed = transformer(zs, step_sizes)
    loss = ((assessor(generator(z_transformed)) - target_scores) ** 2).mean()
    loss.backward()
    optimizer.step()
    if (i + 1) % 10 == 0:
        print(f"batch {i + 1}: loss {loss.item():.4f}")
