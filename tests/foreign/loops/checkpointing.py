"""Activation checkpointing: forwards run again inside backward, and are not the loop's."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(24)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Dropout(0.1)) for _ in range(3)
        )
        self.head = nn.Linear(6, 2)
        self.older = False

    def forward(self, x):
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=self.older)
        return self.head(x)


loader = DataLoader(TensorDataset(torch.randn(24, 6), torch.randint(0, 2, (24,))), batch_size=6)
model = Deep()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(2):
    for x, y in loader:  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 4))

# The older kind of checkpoint calls backward inside backward.
model.older = True
for x, y in loader:  # batch
    optimizer.zero_grad()  # clear
    trained.append(model.training)
    loss = nn.functional.cross_entropy(model(x.requires_grad_()), y)  # forward, loss
    loss.backward()  # backward
    optimizer.step()  # step
    losses.append(loss.item())
    steps += 1
passes.append(("training", 4))
