"""Full batch, with masks over one input tensor (after pytorch/examples gcn)."""

import torch
import torch.nn.functional as F
from torch import nn


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(10, 8), nn.Linear(8, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x, adjacency):
        x = F.relu(adjacency @ self.one(x))
        return F.log_softmax(adjacency @ self.two(self.dropout(x)), dim=1)


torch.manual_seed(0)
features, labels = torch.randn(60, 10), torch.randint(0, 3, (60,))
adjacency = torch.eye(60) + (torch.rand(60, 60) > 0.95).float()
adjacency = adjacency / adjacency.sum(1, keepdim=True)
train, val, test = torch.arange(0, 30), torch.arange(30, 45), torch.arange(45, 60)
model = GCN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
criterion = nn.NLLLoss()


def evaluate(chosen):
    model.eval()
    with torch.no_grad():
        output = model(features, adjacency)
        return (output[chosen].argmax(1) == labels[chosen]).float().mean().item()


for epoch in range(20):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(features, adjacency)[train], labels[train])
    loss.backward()
    optimizer.step()
    if epoch % 5 == 0:
        print(f"{loss.item():.3f} {evaluate(train):.2f} {evaluate(val):.2f}")
print(f"test {evaluate(test):.2f}")
