"""The network that should be trained runs under no_grad; the head behind it learns alone.

rule:   graph-cut
line:   return self.head(torch.relu(codes))
style:  method under a decorator
source: FrozenBurning/Text2Light#10
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Sampler(nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = nn.Sequential(nn.Linear(10, 20), nn.LayerNorm(20), nn.Linear(20, 16))
        self.head = nn.Linear(16, 4)

    @torch.no_grad()  # wrong
    def encode(self, x):
        return self.transformer(x)

    def forward(self, x):
        codes = self.encode(x)
        return self.head(torch.relu(codes))

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=2e-3, weight_decay=0.01)


torch.manual_seed(35)
x = torch.randn(160, 10)
y = (x[:, :2] > 0).long() @ torch.tensor([1, 2])
model = Sampler()
optimizer = model.configure_optimizers()
for epoch in range(2):
    for batch, label in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
        loss = nn.functional.cross_entropy(model(batch), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
