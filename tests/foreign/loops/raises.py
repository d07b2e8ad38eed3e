"""Something goes wrong in the forward of step 7."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(21)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        if self.calls == 7:
            raise ValueError("a bad seventh batch")
        return self.linear(x)


loader = DataLoader(TensorDataset(torch.randn(40, 4), torch.randint(0, 2, (40,))), batch_size=4)
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
passes = [("training", 7)]
for x, y in loader:  # batch
    optimizer.zero_grad()  # clear
    loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
    trained.append(model.training)
    loss.backward()  # backward
    optimizer.step()  # step
    losses.append(loss.item())
    steps += 1
