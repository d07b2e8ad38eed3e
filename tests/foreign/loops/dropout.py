"""Dropout and BatchNorm, trained and evaluated each in its own mode; a sanity check comes first."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

x, y = torch.randn(36, 3, 6, 6), torch.randint(0, 4, (36,))
loader = DataLoader(TensorDataset(x, y), batch_size=6, shuffle=True, drop_last=True)
held_out = DataLoader(
    TensorDataset(torch.randn(10, 3, 6, 6), torch.randint(0, 4, (10,))), batch_size=5
)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout2d(0.25)
        self.head = nn.Linear(64, 4)

    def forward(self, x):
        x = self.drop(F.relu(self.norm(self.conv(x)))).flatten(1)
        x = F.dropout(x, 0.1, training=self.training)
        return F.log_softmax(self.head(x), dim=1)


model = Net()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)


def evaluate():
    model.eval()  # mode
    total = []
    with torch.inference_mode():
        for inputs, targets in held_out:  # batch
            evaluated.append(model.training)
            total.append(F.nll_loss(model(inputs), targets).item())  # forward, loss
    passes.append(("evaluation", 2, sum(total) / len(total)))
    model.train()  # mode


evaluate()
for epoch in range(2):
    for inputs, targets in loader:  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = F.nll_loss(model(inputs), targets)  # forward, loss
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 6, sum(losses[-6:]) / 6))
    evaluate()
