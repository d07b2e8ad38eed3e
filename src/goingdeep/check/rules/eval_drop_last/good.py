"""Only the training loader drops what does not fill a batch."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_loader(x, *, shuffle):
    y = x[:, :3].argmax(1)
    return DataLoader(TensorDataset(x, y), batch_size=32, shuffle=shuffle, drop_last=shuffle)


torch.manual_seed(0)
train_loader = make_loader(torch.randn(160, 8), shuffle=True)
test_loader = make_loader(torch.randn(90, 8), shuffle=False)
model = nn.Linear(8, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(2):
    model.train()
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    model.eval()
    right = total = 0
    with torch.no_grad():
        for inputs, labels in test_loader:
            right += (model(inputs).argmax(1) == labels).sum().item()
            total += len(labels)
    print(right / total)
