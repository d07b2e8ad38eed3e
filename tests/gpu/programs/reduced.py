"""torch.compile with CUDA graphs underneath: results live in memory that the next call writes over."""

import torch
from torch import nn

torch.manual_seed(16)
torch._dynamo.reset()
steps, losses, passes, trained, evaluated = 0, [], [], [], []

data, target = torch.randn(30, 32, 64).cuda(), torch.randint(0, 5, (30, 32)).cuda()
plain = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 5)).cuda()
optimizer = torch.optim.SGD(plain.parameters(), lr=0.05)


@torch.compile(mode="reduce-overhead")
def loss_of(x, y):
    return nn.functional.cross_entropy(plain(x), y)


for i in range(30):
    loss = loss_of(data[i], target[i])
    loss.backward()  # backward
    optimizer.step()  # step
    optimizer.zero_grad()  # clear
    losses.append(loss.item())
    steps += 1
trained = None
del loss  # it lies where the next call would write
