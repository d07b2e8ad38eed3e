"""Fabric: tied embeddings, scaled accumulation, a cosine schedule cut short, half-way saved and loaded.

traps: tied, accumulation, cut-short
"""

import tempfile
from pathlib import Path

import torch
from lightning.fabric import Fabric, seed_everything
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class LM(nn.Module):
    def __init__(self, tokens=12, size=16):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(tokens, size), nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, tokens, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, ids):
        return self.out(self.rnn(self.embed(ids))[0])


seed_everything(12, verbose=False)
fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
model = LM()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=1000)
model, optimizer = fabric.setup(model, optimizer)
ids = (torch.arange(9) + torch.randint(0, 12, (128, 1)) * torch.randint(1, 4, (128, 1))) % 12
loader = DataLoader(TensorDataset(ids), batch_size=8, shuffle=True)
loader = fabric.setup_dataloaders(loader)
with tempfile.TemporaryDirectory() as folder:
    for epoch in range(4):
        for i, (batch,) in enumerate(loader):
            last = (i + 1) % 4 == 0
            with fabric.no_backward_sync(model, enabled=not last):
                scores = model(batch[:, :-1])
                loss = nn.functional.cross_entropy(scores.flatten(0, 1), batch[:, 1:].flatten())
                fabric.backward(loss / 4)
            if last:
                fabric.clip_gradients(model, optimizer, max_norm=1.0)
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
        if epoch == 1:
            state = {"model": model, "optimizer": optimizer, "epoch": epoch}
            fabric.save(Path(folder) / "half.ckpt", state)
            fabric.load(Path(folder) / "half.ckpt", state)
