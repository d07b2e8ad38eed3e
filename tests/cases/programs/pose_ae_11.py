"""The phase 'val' runs the same training function as the phase 'train'.

rule:   updates-on-eval-data
line:   losses.append(make_train(phase, *datas)) | optimizer.step()
style:  generators of batches per phase, a training function without a phase
source: princeton-vl/pose-ae-train#11
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

config = {"train": {"train_iters": 8, "val_iters": 4, "epochs": 3}}


class Poses(Dataset):
    def __init__(self, train):
        self.train = train
        generator = torch.Generator().manual_seed(int(train))
        self.images = torch.randn(80, 10, generator=generator)
        self.keypoints = self.images[:, :4] * 2 - 1

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        return self.images[idx], self.keypoints[idx]


torch.manual_seed(44)
net = nn.Sequential(nn.Linear(10, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 4))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
loaders = {phase: DataLoader(Poses(phase == "train"), 10, True) for phase in ("train", "val")}


def gen(phase):
    while True:
        yield from loaders[phase]


def make_train(phase, inputs, keypoints):
    # fixed: if phase != "train":
    # fixed:     with torch.no_grad():
    # fixed:         return nn.functional.mse_loss(net.eval()(inputs), keypoints).item()
    net.train()
    loss = nn.functional.mse_loss(net(inputs), keypoints)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


data = {phase: gen(phase) for phase in ("train", "val")}
for epoch in range(config["train"]["epochs"]):
    for phase in ["train", "val"]:
        generator = data[phase]
        losses = []
        for _ in range(config["train"][f"{phase}_iters"]):
            datas = next(generator)
            losses.append(make_train(phase, *datas))
        print(epoch, phase, sum(losses) / len(losses))
