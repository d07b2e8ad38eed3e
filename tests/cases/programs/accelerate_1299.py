"""Accumulation by Accelerate, with zero_grad() at the top of the iteration.

rule:   ga-cleared-early
line:   optimizer.zero_grad()
style:  Accelerate with accumulate()
source: huggingface/accelerate#1299
"""

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(62)
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=4)
latents = torch.randn(256, 12)
noise = torch.randn(256, 12)
loader = DataLoader(TensorDataset(latents + noise, noise), batch_size=8, shuffle=True)
model = nn.Sequential(nn.Linear(12, 48), nn.SiLU(), nn.Linear(48, 12))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
model, optimizer, loader = accelerator.prepare(model, optimizer, loader)

for epoch in range(2):
    for noisy, target in loader:
        with accelerator.accumulate(model):
            optimizer.zero_grad()  # wrong
            loss = nn.functional.mse_loss(model(noisy), target)
            accelerator.backward(loss)
            optimizer.step()
            # fixed: optimizer.zero_grad()
    accelerator.print(epoch, loss.item())
