"""Evaluation that forgets no_grad, on a model without Dropout: still an evaluation."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(26)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
train_set = TensorDataset(torch.randn(24, 5), torch.randn(24, 1))
test_set = TensorDataset(torch.randn(12, 5), torch.randn(12, 1))
train_loader, test_loader = DataLoader(train_set, 6, shuffle=True), DataLoader(test_set, 4)

for epoch in range(3):
    for x, y in train_loader:  # batch
        trained.append(model.training)
        loss = nn.functional.huber_loss(model(x), y)  # forward, loss
        optimizer.zero_grad()  # clear
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 4))
    total = 0.0
    for x, y in test_loader:  # batch
        evaluated.append(model.training)
        total += nn.functional.huber_loss(model(x), y).item()  # forward, loss
    passes.append(("evaluation", 3, total / 3))
