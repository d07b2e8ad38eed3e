"""torch.jit.script of a function that calls F.cross_entropy, and of a module with Dropout in it."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(15)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(5, 8)
        self.second = nn.Linear(8, 3)

    def forward(self, x):
        x = F.dropout(F.relu(self.first(x)), 0.2, self.training)
        return self.second(x)


@torch.jit.script
def smooth_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits, target) + 0.01 * logits.square().mean()


loader = DataLoader(
    TensorDataset(torch.randn(30, 5), torch.randint(0, 3, (30,))), batch_size=6, shuffle=True
)
plain = Net()
model = torch.jit.script(plain)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(2):
    for x, y in loader:  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = smooth_loss(model(x), y)  # forward
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
assert isinstance(F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 1])).item(), float)
