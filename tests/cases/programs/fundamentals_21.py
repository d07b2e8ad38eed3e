"""The quickstart's network with a LogSoftmax over the batch, in front of NLLLoss.

rule:   softmax-wrong-dim
line:   self.log_softmax = nn.LogSoftmax(dim=0) | return self.log_softmax(logits)
style:  notebook cells of the quickstart kind
source: MicrosoftDocs/pytorchfundamentals#21
"""

# %%
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(55)
pictures = torch.rand(200, 1, 6, 6)
kinds = pictures.flatten(1)[:, :4].argmax(1)
train_dataloader = DataLoader(TensorDataset(pictures[:150], kinds[:150]), 25, shuffle=True)
test_dataloader = DataLoader(TensorDataset(pictures[150:], kinds[150:]), 25)

# %%


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(nn.Linear(36, 32), nn.ReLU(), nn.Linear(32, 4))
        self.log_softmax = nn.LogSoftmax(dim=0)  # wrong
        # fixed: self.log_softmax = nn.LogSoftmax(dim=1)

    def forward(self, x):
        x = self.flatten(x)
        logits = self.linear_relu_stack(x)
        return self.log_softmax(logits)


# %%
model = NeuralNetwork()
loss_fn = nn.NLLLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)


def train_loop(dataloader, model, loss_fn, optimizer):
    model.train()
    for batch, (X, y) in enumerate(dataloader):
        loss = loss_fn(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def test_loop(dataloader, model, loss_fn):
    model.eval()
    with torch.no_grad():
        print(sum((model(X).argmax(1) == y).sum().item() for X, y in dataloader) / 50)


# %%
for t in range(3):
    train_loop(train_dataloader, model, loss_fn, optimizer)
    test_loop(test_dataloader, model, loss_fn)
