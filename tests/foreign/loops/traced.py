"""torch.jit.trace, torch.fx and a fake tensor mode: what runs there is no training."""

import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(35)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(5, 8)
        self.norm = nn.BatchNorm1d(8)
        self.second = nn.Linear(8, 3)

    def forward(self, x):
        return self.second(F.dropout(F.relu(self.norm(self.first(x))), 0.5, self.training))


class WithLoss(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x, y):
        return F.cross_entropy(self.model(x), y)


x, y = torch.randn(30, 5), torch.randint(0, 3, (30,))
loader = DataLoader(TensorDataset(x, y), batch_size=6, shuffle=True)
model = Net()
model.eval()  # mode
traced = torch.jit.trace(WithLoss(model), (x[:6], y[:6]), check_trace=False)
graphs = [
    str(traced.inlined_graph.copy()).count("aten::"),
    len(torch.fx.symbolic_trace(WithLoss(model)).graph.nodes),
]
with FakeTensorMode():
    fake = WithLoss(Net())
    fake(torch.randn(6, 5), torch.zeros(6, dtype=torch.int64)).backward()
    sizes = [tuple(p.grad.shape) for p in fake.parameters()]
model.train()  # mode
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(2):
    for x, y in loader:  # batch
        optimizer.zero_grad()  # clear
        trained.append(model.training)
        loss = F.cross_entropy(model(x), y)  # forward, loss
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
del traced, fake
