"""Training goes on from a checkpoint that holds the optimizer; only the model is loaded.

rule:   resume-state-lost
line:   model.load_state_dict(checkpoint["model"])
style:  save and resume in one program, momentum
source: zylo117/Yet-Another-EfficientDet-Pytorch#269
"""

import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def build():
    model = nn.Sequential(nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, 3))
    return model, torch.optim.AdamW(model.parameters(), lr=5e-3)


def train(model, optimizer, loader, epochs):
    for epoch in range(epochs):
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())


def resume(path):
    model, optimizer = build()
    checkpoint = torch.load(path, weights_only=True)
    model.load_state_dict(checkpoint["model"])
    # fixed: optimizer.load_state_dict(checkpoint["optimizer"])
    return model, optimizer, checkpoint["epoch"]


torch.manual_seed(90)
x = torch.randn(120, 10)
loader = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=12, shuffle=True)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "efficientdet.pth"
    model, optimizer = build()
    train(model, optimizer, loader, 2)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 2}, path)
    model, optimizer, last_epoch = resume(path)
    train(model, optimizer, loader, 2)
