"""The body is frozen on purpose, and the head is trained."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(96, 8)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
body = nn.Sequential(nn.Linear(8, 16), nn.ReLU()).requires_grad_(False)
head = nn.Linear(16, 3)
model = nn.Sequential(body, head)
optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)

for epoch in range(2):
    for inputs, labels in loader:
        loss = nn.functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
