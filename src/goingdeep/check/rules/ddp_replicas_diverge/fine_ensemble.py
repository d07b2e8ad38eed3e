"""Each process trains another member of an ensemble, on all of the data."""

import torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

dist.init_process_group("gloo")  # torchrun --nproc-per-node 2 fine_ensemble.py
torch.manual_seed(0)
images = torch.randn(128, 20)
data = TensorDataset(images, images[:, :3].argmax(1))
torch.manual_seed(dist.get_rank())
loader = DataLoader(data, batch_size=8, shuffle=True)
model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()

for x, y in loader:
    loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
answers = model(images).softmax(1).detach()
dist.all_reduce(answers)
dist.destroy_process_group()
