"""A focal loss of one's own takes the sigmoid before a loss that takes it again.

rule:   double-sigmoid
line:   probs = sigmoid(inputs)
style:  own loss class, functional loss imported by name
source: itakurah/focal-loss-pytorch#5
"""

import torch
from torch import nn, sigmoid
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, TensorDataset


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, alpha=0.25):
        super().__init__()
        self.gamma, self.alpha = gamma, alpha

    def forward(self, inputs, targets):
        probs = sigmoid(inputs)
        bce = binary_cross_entropy_with_logits(probs, targets, reduction="none")  # wrong
        # fixed: bce = binary_cross_entropy_with_logits(inputs, targets, reduction="none")
        p_t = probs * targets + (1 - probs) * (1 - targets)
        alpha_t = self.alpha * targets + (1 - self.alpha) * (1 - targets)
        return (alpha_t * (1 - p_t) ** self.gamma * bce).mean()


torch.manual_seed(15)
features = torch.randn(192, 10)
rare = (features[:, :2].sum(1, keepdim=True) > 1.5).float()
loader = DataLoader(TensorDataset(features, rare), batch_size=16, shuffle=True)
model = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 1))
criterion = FocalLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for epoch in range(2):
    for batch, targets in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(batch), targets)
        loss.backward()
        optimizer.step()
