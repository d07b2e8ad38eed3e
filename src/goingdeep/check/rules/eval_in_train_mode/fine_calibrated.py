"""BatchNorm's statistics are taken anew over the training data, then the model is evaluated."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(160, 6)
y = (x.sum(1) > 0).long()
train_set = TensorDataset(x[:96], y[:96])
train_loader = DataLoader(train_set, batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(x[96:], y[96:]), batch_size=16)
model = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for inputs, labels in train_loader:
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(inputs), labels).backward()
    optimizer.step()

model.train()
with torch.no_grad():
    for inputs, _ in DataLoader(train_set, batch_size=32):
        model(inputs)
model.eval()
with torch.no_grad():
    hits = sum((model(i).argmax(1) == t).sum().item() for i, t in test_loader)
print(f"accuracy {hits / 64:.2f}")
