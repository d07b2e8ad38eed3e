"""Four micro-batches an update, and each brings its full mean.

rule:   ga-not-scaled
line:   loss.backward()
style:  configuration dataclass, effective batch size, progress by samples
source: ApolloResearch/e2e_sae#70
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    batch_size: int = 8
    effective_batch_size: int = 32
    lr: float = 0.05
    max_grad_norm: float = 1.0
    n_epochs: int = 2


def run(config, loader, sae):
    n_gradient_accumulation_steps = config.effective_batch_size // config.batch_size
    optimizer = torch.optim.SGD(sae.parameters(), lr=config.lr)
    total_samples = 0
    for _ in range(config.n_epochs):
        for step, (activations,) in enumerate(loader):
            loss = nn.functional.mse_loss(sae(activations), activations)
            # fixed: loss = loss / n_gradient_accumulation_steps
            loss.backward()
            total_samples += len(activations)
            if (step + 1) % n_gradient_accumulation_steps == 0:
                nn.utils.clip_grad_norm_(sae.parameters(), config.max_grad_norm)
                optimizer.step()
                optimizer.zero_grad()
        print(total_samples, loss.item())


torch.manual_seed(60)
acts = torch.randn(256, 12) @ torch.randn(12, 12)
sae = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 12))
run(Config(), DataLoader(TensorDataset(acts), batch_size=8, shuffle=True), sae)
