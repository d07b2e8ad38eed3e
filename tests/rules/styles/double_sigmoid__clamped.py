import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(200, 8)
Y = (X @ torch.randn(8, 4) > 0).float()
net = nn.Sequential(nn.Linear(8, 4), nn.Sigmoid())
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.full((4,), 2.0))
for epoch in range(2):
    for rows in torch.randperm(200).split(25):
        chances = net(X[rows]).clamp(1e-6, 1 - 1e-6)
        opt.zero_grad()
        criterion(chances, Y[rows]).backward()
        opt.step()
