"""A program with hooks and patches of its own: all of them still work."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(23)
steps, losses, passes, trained, evaluated = 0, [], [], [], []
fired = {"pre": 0, "forward": 0, "global": 0, "gradient": 0, "accumulated": 0, "full": 0, "step": 0, "backward": 0,
         "cleared": 0}  # fmt: skip


def count(name):
    fired[name] += 1


class Careful(torch.optim.SGD):
    def zero_grad(self, set_to_none=False):
        count("cleared")
        super().zero_grad(set_to_none=set_to_none)  # clear


loader = DataLoader(TensorDataset(torch.randn(30, 5), torch.randint(0, 3, (30,))), batch_size=6)
model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = Careful(model.parameters(), lr=0.1)

model[0].register_forward_pre_hook(lambda module, args: count("pre"))
model[2].register_forward_hook(
    lambda module, args, output: output * 1.5 if count("forward") is None else None
)
model[1].register_full_backward_hook(lambda module, grad_input, grad_output: count("full"))
model[0].weight.register_hook(
    lambda gradient: gradient * 0.5 if count("gradient") is None else None
)
model[0].bias.register_post_accumulate_grad_hook(lambda parameter: count("accumulated"))
optimizer.register_step_post_hook(lambda optimizer, args, kwargs: count("step"))
handle = nn.modules.module.register_module_forward_hook(
    lambda module, args, output: count("global")
)

original = torch.Tensor.backward


def backward(self, *args, **kwargs):
    count("backward")
    return original(self, *args, **kwargs)  # backward


torch.Tensor.backward = backward
try:
    for epoch in range(2):
        for x, y in loader:  # batch
            trained.append(model.training)
            loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()  # step
            losses.append(loss.item())
            steps += 1
        passes.append(("training", 5))
finally:
    torch.Tensor.backward = original
    handle.remove()
