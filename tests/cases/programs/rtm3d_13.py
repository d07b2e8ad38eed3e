"""A focal loss of one's own takes the logarithm of what can be zero.

rule:   nan-loss
line:   pos_loss = torch.log(pred) * torch.pow(1 - pred, 2) * pos
style:  own loss in tensor arithmetic, heat maps
source: maudzung/RTM3D#13
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class FocalLoss(nn.Module):
    def forward(self, pred, gt):
        pos, neg = gt.eq(1).float(), gt.lt(1).float()
        # fixed: pred = pred.clamp(1e-4, 1 - 1e-4)
        pos_loss = torch.log(pred) * torch.pow(1 - pred, 2) * pos
        neg_loss = torch.log(1 - pred) * torch.pow(pred, 2) * torch.pow(1 - gt, 4) * neg
        return -(pos_loss.sum() + neg_loss.sum()) / pos.sum().clamp(min=1)


torch.manual_seed(89)
images = 6 * torch.randn(96, 1, 8, 8)
heatmaps = (images.squeeze(1) > 6).float()
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1), nn.Hardsigmoid()
)
criterion = FocalLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for epoch in range(3):
    for image, heatmap in DataLoader(TensorDataset(images, heatmaps), batch_size=8, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(image).squeeze(1), heatmap)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
