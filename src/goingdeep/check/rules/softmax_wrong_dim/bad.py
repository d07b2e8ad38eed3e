"""log_softmax over axis 0."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(12, 24)
        self.out = nn.Linear(24, 3)

    def forward(self, x):
        scores = self.out(torch.relu(self.hidden(x)))
        return nn.functional.log_softmax(scores, dim=0)


torch.manual_seed(0)
x = torch.randn(160, 12)
y = x[:, :3].argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(2):
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.nll_loss(net(inputs), labels)
        loss.backward()
        optimizer.step()
