"""Only leaf modules are handed to the optimizer: a Parameter of a module with children is lost.

rule:   params-not-in-optimizer
line:   optimizer = torch.optim.AdamW(params, lr=3e-3)
style:  build_optimizer() that flattens the model
source: open-mmlab/OpenPCDet#960
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.queries = nn.Parameter(0.1 * torch.randn(4, 16))
        self.encoder = nn.Sequential(nn.Linear(6, 16), nn.ReLU())
        self.head = nn.Linear(16, 3)

    def forward(self, points):
        features = self.encoder(points)
        weights = torch.softmax(self.queries @ features.transpose(1, 2), dim=-1)
        return self.head((weights @ features).mean(1))


def children(m):
    return list(m.children())


def flatten_model(m):
    return sum(map(flatten_model, children(m)), []) if children(m) else [m]


def build_optimizer(model):
    params = [p for layer in flatten_model(model) for p in layer.parameters()]  # wrong
    # fixed: params = list(model.parameters())
    optimizer = torch.optim.AdamW(params, lr=3e-3)
    return optimizer


def main():
    torch.manual_seed(26)
    clouds = torch.randn(128, 10, 6)
    boxes = clouds.mean(1)[:, :3].argmax(1)
    model = Detector()
    optimizer = build_optimizer(model)
    for epoch in range(2):
        for points, box in DataLoader(TensorDataset(clouds, boxes), batch_size=16, shuffle=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(points), box)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 10)
            optimizer.step()
        print(epoch, loss.item())


main()
