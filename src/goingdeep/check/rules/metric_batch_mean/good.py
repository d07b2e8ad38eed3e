"""Each mean counts as often as its batch has samples."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
images = torch.randn(200, 20)
data = TensorDataset(images, images[:, :3].argmax(1))
train_loader = DataLoader(data, batch_size=32, shuffle=True)
other = torch.randn(100, 20)
test_loader = DataLoader(TensorDataset(other, other[:, :3].argmax(1)), batch_size=32)
model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()


def test(loader):
    size = len(loader.dataset)
    total = 0.0
    with torch.no_grad():
        for x, y in loader:
            total += loss_fn(model(x), y).item() * len(x)
    total /= size
    return total


for epoch in range(2):
    for x, y in train_loader:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"test loss {test(test_loader):.4f}")
