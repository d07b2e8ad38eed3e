"""Local SGD: each process goes its own way for four steps, then the weights are averaged."""

import torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

dist.init_process_group("gloo")  # torchrun --nproc-per-node 2 fine_local_sgd.py
torch.manual_seed(0)
images = torch.randn(128, 20)
data = TensorDataset(images, images[:, :3].argmax(1))
loader = DataLoader(data, batch_size=8, sampler=DistributedSampler(data))
model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()

for step, (x, y) in enumerate(loader, 1):
    loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 4 == 0:
        for parameter in model.parameters():
            dist.all_reduce(parameter.data)
            parameter.data /= dist.get_world_size()
dist.destroy_process_group()
