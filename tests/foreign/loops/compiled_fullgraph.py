"""torch.compile without any break allowed: the model and the loss together."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(17)
torch._dynamo.reset()
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(30, 5), torch.randint(0, 3, (30,))), batch_size=6, shuffle=True
)
model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)


@torch.compile(fullgraph=True, backend="eager")  # loss
def loss_of(x, y):
    return F.cross_entropy(model(x), y)


compiled = torch.compile(model, fullgraph=True, backend="eager")
for epoch in range(2):
    for x, y in loader:  # batch
        optimizer.zero_grad()  # clear
        loss = loss_of(x, y)
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
    compiled.eval()  # mode
    with torch.no_grad():
        for x, y in loader:  # batch
            evaluated.append(compiled.training)
            compiled(x)  # forward
    passes.append(("evaluation", 5))
    compiled.train()  # mode
