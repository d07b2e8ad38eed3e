"""The first loss is next to nothing: the model was trained before."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(320, 8)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
trained = {"weight": 20 * torch.eye(3, 8), "bias": torch.zeros(3)}
model = nn.Linear(8, 3)
model.load_state_dict(trained)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

for epoch in range(2):
    for inputs, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
