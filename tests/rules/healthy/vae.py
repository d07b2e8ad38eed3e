"""Sigmoid with binary cross-entropy, summed (after pytorch/examples vae)."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(36, 16), nn.Linear(16, 4), nn.Linear(16, 4)
        self.fc3, self.fc4 = nn.Linear(4, 16), nn.Linear(16, 36)

    def forward(self, x):
        hidden = F.relu(self.fc1(x.view(-1, 36)))
        mu, logvar = self.fc21(hidden), self.fc22(hidden)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar


def loss_function(made, x, mu, logvar):
    bce = F.binary_cross_entropy(made, x.view(-1, 36), reduction="sum")
    return bce - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


torch.manual_seed(0)
images = torch.rand(192, 1, 6, 6)
train_loader = DataLoader(images[:128], batch_size=32, shuffle=True)
test_loader = DataLoader(images[128:], batch_size=32)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(1, 4):
    model.train()
    for data in train_loader:
        optimizer.zero_grad()
        made, mu, logvar = model(data)
        loss = loss_function(made, data, mu, logvar)
        loss.backward()
        optimizer.step()
    model.eval()
    test_loss = 0
    with torch.no_grad():
        for data in test_loader:
            made, mu, logvar = model(data)
            test_loss += loss_function(made, data, mu, logvar).item()
    with torch.no_grad():
        torch.sigmoid(model.fc4(F.relu(model.fc3(torch.randn(8, 4)))))
