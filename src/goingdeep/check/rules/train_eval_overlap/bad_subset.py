"""random_split gives two subsets; `.dataset` of one of them is the whole data again."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
x = torch.randn(200, 8)
whole = TensorDataset(x, (x[:, 0] > 0).long())
train_set, val_set = random_split(whole, [150, 50])
train_loader = DataLoader(train_set, batch_size=25, shuffle=True)
val_loader = DataLoader(val_set.dataset, batch_size=25)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(2):
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    with torch.no_grad():
        losses = [nn.functional.cross_entropy(model(i), t).item() for i, t in val_loader]
    print(f"validation loss {sum(losses) / len(losses):.3f}")
