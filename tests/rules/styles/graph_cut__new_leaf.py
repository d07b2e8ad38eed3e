import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(8, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.encoder(x).clone().detach().requires_grad_(True))


torch.manual_seed(0)
x = torch.randn(120, 8)
y = x[:, :3].argmax(1)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for rows in torch.randperm(120).split(15):
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
    optimizer.step()
