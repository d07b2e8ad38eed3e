import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
X = torch.randn(200, 5)
Y = X[:, :3].argmax(1)
net = nn.Sequential(nn.Linear(5, 20), nn.Tanh(), nn.Linear(20, 3), nn.Softmax(dim=1))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(3):
    for xb, yb in DataLoader(TensorDataset(X, Y), batch_size=20, shuffle=True):
        log_p = torch.log_softmax(net(xb), dim=1)
        loss = -log_p[torch.arange(len(yb)), yb].mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
