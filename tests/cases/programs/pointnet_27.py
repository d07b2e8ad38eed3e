"""log_softmax over the batch at the end of a point cloud classifier.

rule:   softmax-wrong-dim
line:   return F.log_softmax(x, dim=0), trans
style:  model that returns a tuple, own Dataset
source: fxia22/pointnet.pytorch#27
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class PointNetCls(nn.Module):
    def __init__(self, k=3):
        super(PointNetCls, self).__init__()
        self.stn = nn.Linear(3, 9)
        self.conv1 = nn.Conv1d(3, 16, 1)
        self.fc = nn.Linear(16, k)

    def forward(self, x):
        trans = self.stn(x.mean(2)).view(-1, 3, 3) + torch.eye(3)
        x = torch.bmm(trans, x)
        x = F.relu(self.conv1(x)).max(dim=2)[0]
        x = self.fc(x)
        return F.log_softmax(x, dim=0), trans  # wrong
        # fixed: return F.log_softmax(x, dim=1), trans


class ShapeDataset(Dataset):
    def __init__(self):
        self.clouds = torch.randn(120, 3, 16)

    def __len__(self):
        return 120

    def __getitem__(self, i):
        return self.clouds[i], self.clouds[i].var(dim=1).argmax()


torch.manual_seed(54)
classifier = PointNetCls()
optimizer = torch.optim.Adam(classifier.parameters(), lr=1e-3, betas=(0.9, 0.999))
for epoch in range(2):
    for i, (points, target) in enumerate(DataLoader(ShapeDataset(), batch_size=12, shuffle=True)):
        optimizer.zero_grad()
        classifier = classifier.train()
        pred, trans = classifier(points)
        loss = F.nll_loss(pred, target)
        loss += 1e-3 * (trans @ trans.transpose(1, 2) - torch.eye(3)).norm(dim=(1, 2)).mean()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
