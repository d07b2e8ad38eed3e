"""Layers are made in forward, a new one for every batch.

rule:   layer-created-in-forward
line:   h = torch.nn.Linear(self.D_in, self.H)(x).clamp(min=0)
style:  written after a tutorial: no loader, all data at once
source: pytorch/pytorch#1291
"""

import torch


class ThreeLayerNet(torch.nn.Module):
    def __init__(self, D_in, H, D_out):
        super().__init__()
        self.D_in, self.H = D_in, H
        # fixed: self.linear1 = torch.nn.Linear(D_in, H)
        self.linear2 = torch.nn.Linear(H, D_out)

    def forward(self, x):
        h = torch.nn.Linear(self.D_in, self.H)(x).clamp(min=0)  # wrong
        # fixed: h = self.linear1(x).clamp(min=0)
        return self.linear2(h)


torch.manual_seed(76)
N, D_in, H, D_out = 64, 20, 16, 4
x, y = torch.randn(N, D_in), torch.randn(N, D_out)
model = ThreeLayerNet(D_in, H, D_out)
loss_fn = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for t in range(30):
    y_pred = model(x)
    loss = loss_fn(y_pred, y)
    if t % 10 == 9:
        print(t, loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
