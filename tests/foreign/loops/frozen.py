"""A backbone that is frozen on purpose, and a head that learns."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(10)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(30, 6), torch.randint(0, 3, (30,))), batch_size=6, shuffle=True
)


class FineTuned(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU())
        self.head = nn.Linear(8, 3)
        for parameter in self.backbone.parameters():
            parameter.requires_grad = False

    def train(self, mode=True):
        super().train(mode)  # mode
        self.backbone.eval()  # mode
        return self

    def forward(self, x):
        with torch.no_grad():
            features = self.backbone(x)
        return self.head(features)


model = FineTuned()
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
loss_fn = nn.CrossEntropyLoss(label_smoothing=0.1)

for epoch in range(2):
    model.train()
    for x, y in loader:  # batch
        trained.append(model.training)
        loss = loss_fn(model(x), y)  # forward, loss
        optimizer.zero_grad()  # clear
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
