"""The split comes after the augmentation: validation pictures are flipped and shifted too.

rule:   eval-augmented
line:   val_loader = DataLoader(Subset(train_set, indices[160:]), batch_size=20)
style:  one data set with a random transform, split by Subset
source: gpleiss/efficient_densenet_pytorch#51
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset


class Pictures(Dataset):
    def __init__(self, transform=None):
        generator = torch.Generator().manual_seed(0)
        self.data = torch.rand(200, 3, 8, 8, generator=generator)
        self.targets = self.data.mean((2, 3)).argmax(1)
        self.transform = transform

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        image = self.data[index]
        if self.transform is not None:
            image = self.transform(image)
        return image, self.targets[index]


def augment(image):
    if torch.rand(()) < 0.5:
        image = image.flip(2)
    return image.roll(int(torch.randint(-2, 3, ())), dims=1)


torch.manual_seed(87)
train_set = Pictures(augment)
indices = torch.randperm(len(train_set)).tolist()
train_loader = DataLoader(Subset(train_set, indices[:160]), batch_size=20, shuffle=True)
# fixed: valid_set = Pictures()
# fixed: val_loader = DataLoader(Subset(valid_set, indices[160:]), batch_size=20)
val_loader = DataLoader(Subset(train_set, indices[160:]), batch_size=20)  # wrong
model = nn.Sequential(
    nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
for epoch in range(4):
    model.train()
    for input, target in train_loader:
        loss = nn.functional.cross_entropy(model(input), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        hits = sum((model(input).argmax(1) == target).sum().item() for input, target in val_loader)
    print(epoch, hits / 40)
