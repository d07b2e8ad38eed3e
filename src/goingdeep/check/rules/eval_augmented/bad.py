"""One transform for both parts, with a random flip in it."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


class RandomHorizontalFlip:
    def __call__(self, image):
        return image.flip(-1) if torch.rand(()) < 0.5 else image


class Images(Dataset):
    def __init__(self, count, transform=None):
        self.images, self.transform = torch.rand(count, 3, 8, 8), transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        label = int(image[0].mean() > image[1].mean())
        return (self.transform(image) if self.transform else image), label


torch.manual_seed(0)
train_set, test_set = random_split(Images(240, RandomHorizontalFlip()), [160, 80])
model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
train_loader, test_loader = DataLoader(train_set, 16, shuffle=True), DataLoader(test_set, 40)

for epoch in range(3):
    for batch, wanted in train_loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch), wanted).backward()
        optimizer.step()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum() for x, y in test_loader)
    print(right / 80)
