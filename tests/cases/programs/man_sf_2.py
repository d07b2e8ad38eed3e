"""Stock movements: softmax, then the negative log likelihood, with no logarithm in between.

rule:   nll-without-log
line:   loss = F.nll_loss(F.softmax(output, dim=1), labels[days])
style:  full batch of one day's graph, no DataLoader, functional losses
source: midas-research/man-sf-emnlp#2
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(18)
n_stocks, n_days = 24, 40
prices = torch.randn(n_days, n_stocks, 6)
labels = (prices.sum(2) > 0).long()
adjacency = torch.softmax(torch.randn(n_stocks, n_stocks), dim=1)


class GraphNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(6, 16)
        self.head = nn.Linear(16, 2)

    def forward(self, x, adj):
        x = F.elu(self.embed(x))
        return self.head(x + adj @ x)


model = GraphNet()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=5e-4)


def train(epoch):
    model.train()
    for days in torch.randperm(n_days)[:15].tolist():
        optimizer.zero_grad()
        output = model(prices[days], adjacency)
        loss = F.nll_loss(F.softmax(output, dim=1), labels[days])  # wrong
        # fixed: loss = F.nll_loss(F.log_softmax(output, dim=1), labels[days])
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())


for epoch in range(2):
    train(epoch)
