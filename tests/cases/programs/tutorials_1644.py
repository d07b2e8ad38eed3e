"""The quickstart's first network: a ReLU between the last layer and cross-entropy.

rule:   relu-before-loss
line:   logits = self.linear_relu_stack(x)
style:  the official tutorial as it was
source: pytorch/tutorials#1644
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(85)
clothes = torch.rand(320, 1, 8, 8)
kinds = clothes.flatten(1)[:, :10].argmax(1)
train_dataloader = DataLoader(
    TensorDataset(clothes[:256], kinds[:256]), batch_size=32, shuffle=True
)
test_dataloader = DataLoader(TensorDataset(clothes[256:], kinds[256:]), batch_size=32)


class NeuralNetwork(nn.Module):
    def __init__(self):
        super(NeuralNetwork, self).__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(8 * 8, 64),
            nn.ReLU(),
            nn.Linear(64, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
            nn.ReLU(),  # wrong
        )

    def forward(self, x):
        x = self.flatten(x)
        logits = self.linear_relu_stack(x)
        return logits


model = NeuralNetwork()
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)


def train(dataloader, model, loss_fn, optimizer):
    model.train()
    for batch, (X, y) in enumerate(dataloader):
        pred = model(X)
        loss = loss_fn(pred, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test(dataloader, model):
    model.eval()
    with torch.no_grad():
        return sum((model(X).argmax(1) == y).sum().item() for X, y in dataloader) / 64


for t in range(4):
    train(train_dataloader, model, loss_fn, optimizer)
    print(f"epoch {t + 1}: {test(test_dataloader, model):.3f}")
