"""First the head, then the body is unfrozen and added to the optimizer as a group of its own."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(160, 8)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x[:96], y[:96]), batch_size=16, shuffle=True)
val_loader = DataLoader(TensorDataset(x[96:], y[96:]), batch_size=32)
body = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1))
model = nn.Sequential(body, nn.Linear(16, 3))
for p in body.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-2)

for epoch in range(4):
    if epoch == 2:
        for p in body.parameters():
            p.requires_grad = True
        optimizer.add_param_group({"params": body.parameters(), "lr": 1e-3})
    model.train()
    for inputs, labels in loader:
        loss = nn.functional.cross_entropy(model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        for inputs, labels in val_loader:
            nn.functional.cross_entropy(model(inputs), labels)
