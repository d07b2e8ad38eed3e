"""Depth maps (N, 1, H, W) are compared with targets (N, H, W).

rule:   loss-shape-broadcast
line:   loss_depth = F.smooth_l1_loss(pred_depth, depth, reduction="sum")
style:  Trainer class, two heads, functional losses
source: jiwei0921/CoNet#3
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class CoNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
        self.saliency, self.depth = nn.Conv2d(8, 1, 1), nn.Conv2d(8, 1, 1)

    def forward(self, image):
        features = self.backbone(image)
        return self.saliency(features), self.depth(features)


class Trainer:
    def __init__(self, model, loader, max_iter):
        self.model, self.loader, self.max_iter = model, loader, max_iter
        self.optim = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.99)
        self.iteration = 0

    def train(self):
        self.model.train()
        while self.iteration < self.max_iter:
            for image, target, depth in self.loader:
                pred_mask, pred_depth = self.model(image)
                loss_mask = F.binary_cross_entropy_with_logits(pred_mask.squeeze(1), target)
                # fixed: depth = depth.unsqueeze(1)
                loss_depth = F.smooth_l1_loss(pred_depth, depth, reduction="sum")
                loss = loss_mask + 0.01 * loss_depth
                self.optim.zero_grad()
                loss.backward()
                self.optim.step()
                self.iteration += 1


torch.manual_seed(22)
images = torch.rand(40, 3, 8, 8)
masks = (images[:, 0] > 0.5).float()
depths = images[:, 1] * 3
loader = DataLoader(TensorDataset(images, masks, depths), batch_size=4, shuffle=True)
Trainer(CoNet(), loader, 15).train()
