"""Batches fetched one ahead on a stream of their own, from two workers and pinned memory."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(6)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

loader = DataLoader(
    TensorDataset(torch.randn(96, 16), torch.randint(0, 4, (96,))),
    batch_size=8, shuffle=True, pin_memory=True, num_workers=2,
)  # fmt: skip
model = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 4)).cuda()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
beside = torch.cuda.Stream()


def fetched(batches):
    following = None
    for x, y in batches:  # batch
        with torch.cuda.stream(beside):
            moved = x.cuda(non_blocking=True), y.cuda(non_blocking=True)
        if following is not None:
            yield following
        torch.cuda.current_stream().wait_stream(beside)
        for tensor in moved:
            tensor.record_stream(torch.cuda.current_stream())
        following = moved
    yield following


for _ in range(3):
    for x, y in fetched(loader):
        trained.append(model.training)
        loss = nn.functional.cross_entropy(model(x), y)  # forward, loss
        loss.backward()  # backward
        optimizer.step()  # step
        optimizer.zero_grad(set_to_none=False)  # clear
        steps += 1
        losses.append(loss.item())
    passes.append(("training", 12))
