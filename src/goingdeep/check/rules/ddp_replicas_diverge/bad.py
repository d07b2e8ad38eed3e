"""Two processes split the data, and nothing brings their gradients together."""

import torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

dist.init_process_group("gloo")  # torchrun --nproc-per-node 2 bad.py
torch.manual_seed(0)
images = torch.randn(128, 20)
data = TensorDataset(images, images[:, :3].argmax(1))
loader = DataLoader(data, batch_size=8, sampler=DistributedSampler(data))
model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()

for x, y in loader:
    loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
dist.destroy_process_group()
