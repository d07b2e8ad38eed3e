"""DistributedDataParallel on gloo, as one rank sees it."""

import os
import tempfile

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

torch.manual_seed(25)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

_place = tempfile.mkdtemp()
dist.init_process_group("gloo", init_method=f"file://{_place}/store", rank=0, world_size=1)
try:
    data = TensorDataset(torch.randn(24, 5), torch.randint(0, 3, (24,)))
    sampler = DistributedSampler(data, seed=1)
    loader = DataLoader(data, batch_size=6, sampler=sampler)
    network = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3))
    model = DistributedDataParallel(network)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        for x, y in loader:  # batch
            optimizer.zero_grad()  # clear
            trained.append(model.training)
            loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
            loss.backward()  # backward
            optimizer.step()  # step
            losses.append(loss.item())
            steps += 1
        passes.append(("training", 4))
        model.eval()  # mode
        with torch.no_grad():
            for x, y in loader:  # batch
                evaluated.append(model.training)
                model(x)  # forward
        passes.append(("evaluation", 4))
        model.train()  # mode
    del model
finally:
    dist.destroy_process_group()
    if os.path.exists(f"{_place}/store"):
        os.remove(f"{_place}/store")
    os.rmdir(_place)
