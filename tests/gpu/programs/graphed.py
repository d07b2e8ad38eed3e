"""A whole step as a CUDA graph: three real steps on another stream, then what is captured is replayed."""

import torch
from torch import nn

torch.manual_seed(8)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

data, target = torch.randn(50, 8, 16).cuda(), torch.randn(50, 8, 2).cuda()
model = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 2)).cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
loss_fn = nn.MSELoss()
x, y = data[0].clone(), target[0].clone()

beside = torch.cuda.Stream()
beside.wait_stream(torch.cuda.current_stream())
with torch.cuda.stream(beside):
    for _ in range(3):
        optimizer.zero_grad(set_to_none=True)  # clear
        trained.append(model.training)
        loss = loss_fn(model(x), y)  # forward, loss
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
torch.cuda.current_stream().wait_stream(beside)

graph = torch.cuda.CUDAGraph()
optimizer.zero_grad(set_to_none=True)
with torch.cuda.graph(graph):
    static_loss = loss_fn(model(x), y)
    static_loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

replayed = []
for i in range(1, 40):
    x.copy_(data[i])
    y.copy_(target[i])
    graph.replay()
    replayed.append(static_loss.item())
