"""The margin head of a face recogniser has weights, and no optimizer for them.

rule:   params-not-in-optimizer
line:   optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
style:  metric learning, a second module with the class centres
source: 4uiiurz1/pytorch-adacos#10
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class CosFace(nn.Module):
    def __init__(self, num_features, num_classes, s=8.0, m=0.2):
        super().__init__()
        self.W = nn.Parameter(torch.randn(num_classes, num_features))
        self.s, self.m = s, m

    def forward(self, input, label):
        logits = F.linear(F.normalize(input), F.normalize(self.W))
        margin = F.one_hot(label, len(self.W)) * self.m
        return self.s * (logits - margin)


torch.manual_seed(27)
faces = torch.randn(160, 12)
identity = faces[:, :5].argmax(1)
train_loader = DataLoader(TensorDataset(faces, identity), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 8))
metric_fc = CosFace(8, 5)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)  # wrong
# fixed: both = [*model.parameters(), *metric_fc.parameters()]
# fixed: optimizer = torch.optim.SGD(both, lr=0.05, momentum=0.9)

for epoch in range(2):
    model.train()
    metric_fc.train()
    for input, target in train_loader:
        feature = model(input)
        output = metric_fc(feature, target)
        loss = criterion(output, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
