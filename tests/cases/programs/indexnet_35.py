"""freeze_bn() is called once; the first train() takes half of it back.

rule:   frozen-bn-drifts
line:   net.train() | m.eval()
style:  a model that freezes itself in its constructor
source: poppinace/indexnet_matting#35
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Matting(nn.Module):
    def __init__(self, freeze_bn=True):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU6())
        self.decoder = nn.Conv2d(8, 1, 3, padding=1)
        if freeze_bn:
            self.freeze_bn()

    def freeze_bn(self):
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()
                for p in m.parameters():
                    p.requires_grad_(False)

    # fixed: def train(self, mode=True):
    # fixed:     super().train(mode)
    # fixed:     self.freeze_bn()
    # fixed:     return self

    def forward(self, image):
        features = self.encoder(image)
        return torch.sigmoid(self.decoder(features)).squeeze(1)


def train(net, train_loader, optimizer, epoch):
    net.train()
    running_loss = 0.0
    for image, alpha in train_loader:
        loss = (net(image) - alpha).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print(epoch, running_loss / len(train_loader))


torch.manual_seed(81)
images = torch.rand(80, 3, 8, 8)
loader = DataLoader(TensorDataset(images, images.amax(1)), batch_size=8, shuffle=True)
net = Matting()
trainable = [p for p in net.parameters() if p.requires_grad]
optimizer = torch.optim.Adam(trainable, lr=1e-2)
for epoch in range(2):
    train(net, loader, optimizer, epoch)
