"""Tables of three columns as wide as an image has channels: their axes are where they belong."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
windows = torch.randn(160, 1, 12, 3)  # one channel, twelve days, three sensors
y = (windows[:, 0, :6].mean((1, 2)) > 0).long()
loader = DataLoader(TensorDataset(windows, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Conv2d(1, 8, (3, 3)), nn.ReLU(), nn.Flatten(), nn.Linear(80, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(2):
    for inputs, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
