"""A program that counts operations by PyTorch's own means: nothing of anybody else's may be counted."""

from collections import Counter

import torch
from torch import nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(34)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class CountOperations(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.count = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count[str(func)] += 1
        return func(*args, **(kwargs or {}))


class CountFunctions(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.count = Counter()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count[resolve_name(func) or getattr(func, "__name__", "?")] += 1
        return func(*args, **(kwargs or {}))  # backward, loss


loader = DataLoader(TensorDataset(torch.randn(30, 5), torch.randint(0, 3, (30,))), batch_size=6)
model = nn.Sequential(
    nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
operations, functions, flops = CountOperations(), CountFunctions(), FlopCounterMode(display=False)


def train():
    global steps
    for x, y in loader:  # batch
        trained.append(model.training)
        loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
        optimizer.zero_grad()  # clear
        loss.backward()  # backward
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)  # clip
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 5))
    torch.save(model.state_dict(), "/dev/null")  # save


with operations:
    train()
with functions:
    train()
with flops:
    train()
counted = [dict(operations.count), dict(functions.count), flops.get_total_flops()]
