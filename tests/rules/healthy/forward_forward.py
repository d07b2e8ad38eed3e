"""Every layer with its own optimizer, detaching everywhere (after pytorch/examples)."""

import torch
from torch import nn


class Layer(nn.Linear):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.opt = torch.optim.Adam(self.parameters(), lr=0.03)
        self.threshold = 2.0

    def forward(self, x):
        x = x / (x.norm(2, 1, keepdim=True) + 1e-4)
        return torch.relu(x @ self.weight.T + self.bias.unsqueeze(0))

    def train_layer(self, good, bad):
        for _ in range(6):
            g_good = self.forward(good).pow(2).mean(1)
            g_bad = self.forward(bad).pow(2).mean(1)
            loss = torch.log1p(
                torch.exp(torch.cat([self.threshold - g_good, g_bad - self.threshold]))
            ).mean()
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
        return self.forward(good).detach(), self.forward(bad).detach()


torch.manual_seed(0)
x = torch.rand(64, 12)
net = nn.Module()
net.layers = [Layer(12, 16), Layer(16, 16)]
good, bad = x, x[torch.randperm(64)]
for layer in net.layers:
    good, bad = layer.train_layer(good, bad)
