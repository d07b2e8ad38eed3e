"""build_dataloader() gives shuffle to a sampler only when training is distributed.

rule:   unshuffled-train
line:   return DataLoader(dataset, batch_size=imgs_per_gpu, sampler=sampler, collate_fn=collate)
style:  builder functions, samples as dictionaries, own collate
source: open-mmlab/mmdetection#1649
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, RandomSampler


class Boxes(Dataset):
    """One folder a class, one folder after the other."""

    CLASSES = ("car", "person", "dog", "tree", "bird")

    def __init__(self):
        self.files = [(c, i) for c in range(len(self.CLASSES)) for i in range(40)]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        c, i = self.files[index]
        generator = torch.Generator().manual_seed(1000 * c + i)
        img = torch.randn(16, generator=generator)
        img[c] += 2
        return {"img": img, "gt_labels": c}


def collate(batch):
    labels = torch.tensor([sample["gt_labels"] for sample in batch])
    return torch.stack([sample["img"] for sample in batch]), labels


def build_dataloader(dataset, imgs_per_gpu, dist=False, shuffle=True):
    sampler = RandomSampler(dataset) if dist and shuffle else None  # wrong
    # fixed: sampler = RandomSampler(dataset) if shuffle else None
    return DataLoader(dataset, batch_size=imgs_per_gpu, sampler=sampler, collate_fn=collate)


def non_dist_train(model, dataset, epochs):
    data_loaders = [build_dataloader(ds, 10, dist=False, shuffle=True) for ds in [dataset]]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4)
    for epoch in range(epochs):
        for img, gt_labels in data_loaders[0]:
            loss = nn.functional.cross_entropy(model(img), gt_labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())


torch.manual_seed(46)
non_dist_train(nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 5)), Boxes(), 2)
