"""A series is read in order, since the state of the network goes on from batch to batch."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
series = torch.sin(torch.linspace(0, 60, 601))
windows = series.unfold(0, 11, 10).unsqueeze(-1)
loader = DataLoader(TensorDataset(windows[:, :-1], windows[:, 1:]), batch_size=6)
rnn, out = nn.GRU(1, 8, batch_first=True), nn.Linear(8, 1)
optimizer = torch.optim.Adam([*rnn.parameters(), *out.parameters()], lr=1e-2)

for epoch in range(2):
    for inputs, targets in loader:
        hidden, _ = rnn(inputs)
        loss = nn.functional.mse_loss(out(hidden), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
