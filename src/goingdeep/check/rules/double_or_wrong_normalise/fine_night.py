"""Pictures of the night sky: nearly all of a picture is black, and a star is as bright as any."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
sky = 0.002 * torch.rand(160, 1, 10, 10)
y = torch.randint(0, 2, (160,))
sky[torch.arange(160), 0, 2 + 5 * y, torch.randint(0, 10, (160,))] = 0.9
loader = DataLoader(TensorDataset(sky, y), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(2):
    for images, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
