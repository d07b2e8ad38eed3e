"""Each worker seeds NumPy with the same number, in every epoch again.

rule:   worker-rng-duplicates
line:   loader = DataLoader(
style:  argparse, augmentation with NumPy, two workers
source: xingyizhou/CenterNet#233
"""

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Augmented(Dataset):
    def __init__(self, n):
        self.images = np.random.RandomState(0).rand(n, 1, 8, 8).astype(np.float32)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        label = int(image[:, :4].mean() > image[:, 4:].mean())
        if np.random.random() < 0.5:
            image = image[:, :, ::-1]
        shift = np.random.randint(-1, 2)
        return torch.from_numpy(np.roll(image, shift, axis=2).copy()), label


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=317)
    parser.add_argument("--num_workers", type=int, default=2)
    parser.add_argument("--num_epochs", type=int, default=2)
    opt = parser.parse_args([])
    torch.manual_seed(opt.seed)
    loader = DataLoader(
        Augmented(64),
        batch_size=8,
        shuffle=True,
        num_workers=opt.num_workers,
        worker_init_fn=lambda worker: np.random.seed(opt.seed),  # wrong
    )
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for epoch in range(opt.num_epochs):
        for image, label in loader:
            loss = nn.functional.cross_entropy(model(image), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(epoch, loss.item())


if __name__ == "__main__":
    main()
