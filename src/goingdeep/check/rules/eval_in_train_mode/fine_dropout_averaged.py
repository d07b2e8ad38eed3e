"""Twenty answers for each batch with Dropout on, averaged: the uncertainty is what is wanted."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(128, 10)
y = (x[:, 0] > 0).long()
train_loader = DataLoader(TensorDataset(x[:96], y[:96]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(x[96:], y[96:]), batch_size=8)
model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for inputs, labels in train_loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(inputs), labels).backward()
    optimizer.step()

model.train()
with torch.no_grad():
    for inputs, labels in test_loader:
        answers = torch.stack([model(inputs).softmax(1) for _ in range(20)])
        print("spread", round(answers.std(0).mean().item(), 3))
