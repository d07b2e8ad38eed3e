"""Crops are normalised to -1..1 in training, and stay 0..255 in validation.

rule:   train-eval-preprocess-mismatch
line:   valid_loader = DataLoader(Crops(64, 1, train=False), batch_size=16) | image = image / 128 - 1
style:  own Dataset with a train flag
source: MichalBusta/DeepTextSpotter#19
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Crops(Dataset):
    def __init__(self, count, seed, train):
        generator = torch.Generator().manual_seed(seed)
        self.images = torch.randint(0, 256, (count, 1, 8, 12), generator=generator)
        self.labels = self.images.float().mean((1, 2)).argmax(1) % 4
        self.is_train = train

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index].float()
        if self.is_train:  # wrong
            image = image / 128 - 1  # wrong
        # fixed: image = image / 128 - 1
        return image, self.labels[index]


torch.manual_seed(91)
train_loader = DataLoader(Crops(192, 0, train=True), batch_size=16, shuffle=True)
valid_loader = DataLoader(Crops(64, 1, train=False), batch_size=16)
net = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 4)
)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(2):
    net.train()
    for crops, labels in train_loader:
        loss = nn.functional.cross_entropy(net(crops), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        losses = [nn.functional.cross_entropy(net(x), y).item() for x, y in valid_loader]
    print(epoch, sum(losses) / len(losses))
