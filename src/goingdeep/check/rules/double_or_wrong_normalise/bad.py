"""Divided by 255 where the images are read, and again by the transform."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Images(Dataset):
    def __init__(self, count):
        self.pixels = torch.randint(0, 256, (count, 3, 8, 8), dtype=torch.uint8)

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        image = self.pixels[index].float() / 255
        return to_unit(image), int(image[0].mean() > image[1].mean())


def to_unit(image):
    return image / 255


torch.manual_seed(0)
loader = DataLoader(Images(128), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(2):
    for images, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
