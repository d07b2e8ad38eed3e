"""A score on the training data, said to be one, beside the score on held-out data."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(0)
x = torch.randn(200, 8)
train_set, test_set = random_split(TensorDataset(x, (x[:, 0] > 0).long()), [150, 50])
train_loader = DataLoader(train_set, batch_size=25, shuffle=True)
train_score_loader = DataLoader(train_set, batch_size=50)
test_loader = DataLoader(test_set, batch_size=50)
model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)


@torch.no_grad()
def accuracy(loader):
    hits = [(model(inputs).argmax(1) == labels).float() for inputs, labels in loader]
    return torch.cat(hits).mean().item()


for epoch in range(2):
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    print(f"train {accuracy(train_score_loader):.2f}, test {accuracy(test_loader):.2f}")
