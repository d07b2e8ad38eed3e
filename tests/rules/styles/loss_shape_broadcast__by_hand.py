import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
X = torch.randn(200, 5)
Y = X @ torch.randn(5)
net = nn.Sequential(nn.Linear(5, 20), nn.Tanh(), nn.Linear(20, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(3):
    for xb, yb in DataLoader(TensorDataset(X, Y), batch_size=20, shuffle=True):
        loss = ((net(xb) - yb) ** 2).mean() + 1e-4 * net[0].weight.pow(2).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
