"""Samplers over one data set: the validation draws its tenth from what is trained on.

rule:   train-eval-overlap
line:   ds_iter_val = DataLoader(dataset, batch_size=10, sampler=SubsetRandomSampler(val_ids)) | train_sampler = RandomSampler(dataset) | ds_iter_train = DataLoader(dataset, batch_size=10, sampler=train_sampler)
style:  SubsetRandomSampler, regression, dictionary batches
source: yannlabb/robopose#3
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, RandomSampler, SubsetRandomSampler


class Frames(Dataset):
    def __init__(self, n=200):
        self.joints = torch.randn(n, 9)

    def __len__(self):
        return len(self.joints)

    def __getitem__(self, i):
        joints = self.joints[i]
        return {"view_id": i, "joints": joints, "pose": torch.sin(joints[:3]) + joints[3:6]}


torch.manual_seed(42)
dataset = Frames()
order = torch.randperm(len(dataset)).tolist()
val_ids = order[: len(dataset) // 10]
train_sampler = RandomSampler(dataset)  # wrong
# fixed: train_sampler = SubsetRandomSampler(order[len(dataset) // 10 :])
ds_iter_train = DataLoader(dataset, batch_size=10, sampler=train_sampler)
ds_iter_val = DataLoader(dataset, batch_size=10, sampler=SubsetRandomSampler(val_ids))
model = nn.Sequential(nn.Linear(9, 32), nn.Tanh(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)


def h(data):
    return nn.functional.l1_loss(model(data["joints"]), data["pose"])


def train_epoch():
    model.train()
    for sample in ds_iter_train:
        optimizer.zero_grad()
        loss = h(sample)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def validation():
    model.eval()
    return sum(h(sample).item() for sample in ds_iter_val) / len(ds_iter_val)


for epoch in range(2):
    train_epoch()
    print(epoch, validation())
