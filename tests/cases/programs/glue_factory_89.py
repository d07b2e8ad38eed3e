"""A confidence head has its sigmoid inside, and its loss function expects scores.

rule:   double-sigmoid
line:   self.token = nn.Sequential(nn.Linear(dim, 1), nn.Sigmoid()) | logit = self.token(desc.detach()).squeeze(-1)
style:  a head with its own loss() beside the main loss
source: cvg/glue-factory#89
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TokenConfidence(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.token = nn.Sequential(nn.Linear(dim, 1), nn.Sigmoid())  # wrong
        # fixed: self.token = nn.Linear(dim, 1)
        self.loss_fn = nn.BCEWithLogitsLoss(reduction="none")

    def loss(self, desc, correct):
        logit = self.token(desc.detach()).squeeze(-1)
        return self.loss_fn(logit, correct.float()).mean(-1)


class Matcher(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
        self.final = nn.Linear(16, 4)
        self.confidence = TokenConfidence(16)

    def forward(self, points):
        desc = self.layer(points)
        return desc, self.final(desc)


torch.manual_seed(16)
points = torch.randn(120, 5, 8)
match = points[..., :4].argmax(-1)
model = Matcher()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for _ in range(2):
    for batch, gt in DataLoader(TensorDataset(points, match), batch_size=10, shuffle=True):
        desc, scores = model(batch)
        nll = nn.functional.cross_entropy(scores.transpose(1, 2), gt)
        sure = model.confidence.loss(desc, scores.argmax(-1) == gt).mean()
        optimizer.zero_grad()
        (nll + 0.1 * sure).backward()
        optimizer.step()
