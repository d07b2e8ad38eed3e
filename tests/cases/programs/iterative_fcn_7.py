"""Each iteration makes a new iterator and takes its first batch.

rule:   only-first-batch
line:   image, mask = next(iter(train_loader))
style:  training by iterations, two losses
source: leohsuofnthu/Pytorch-IterativeFCN#7
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(52)
volumes = torch.randn(80, 1, 6, 6)
masks = (volumes > 0.3).float()
train_loader = DataLoader(TensorDataset(volumes, masks), batch_size=4, shuffle=False)
model = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 1, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def dice(probabilities, mask):
    overlap = (probabilities * mask).sum()
    return 1 - 2 * overlap / (probabilities.sum() + mask.sum())


def train_single(iterations):
    # fixed: batches = iter(train_loader)
    model.train()
    for i in range(iterations):
        image, mask = next(iter(train_loader))  # wrong
        # fixed: try:
        # fixed:     image, mask = next(batches)
        # fixed: except StopIteration:
        # fixed:     batches = iter(train_loader)
        # fixed:     image, mask = next(batches)
        optimizer.zero_grad()
        scores = model(image)
        loss = nn.functional.binary_cross_entropy_with_logits(scores, mask)
        loss = loss + dice(torch.sigmoid(scores), mask)
        loss.backward()
        optimizer.step()
        if i % 10 == 0:
            print(i, loss.item())


train_single(30)
