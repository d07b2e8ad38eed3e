"""Four backwards for each update, each of a quarter of the sum of two losses."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(256, 8)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
body, classes, copy = nn.Linear(8, 16), nn.Linear(16, 3), nn.Linear(16, 8)
model = nn.ModuleList([body, classes, copy])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(3):
    for i, (inputs, labels) in enumerate(loader, 1):
        hidden = torch.relu(body(inputs))
        loss = nn.functional.cross_entropy(classes(hidden), labels)
        loss = loss + nn.functional.mse_loss(copy(hidden), inputs)
        (loss / 4).backward()
        if i % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
