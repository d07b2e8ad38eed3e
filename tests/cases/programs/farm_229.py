"""A regression head squeezes its predictions; the labels keep their column.

rule:   loss-shape-broadcast
line:   return self.loss_fct(logits, labels.float())
style:  model of parts: body and prediction head with logits_to_loss
source: deepset-ai/FARM#229
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class RegressionHead(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.feed_forward = nn.Linear(*dims)
        self.loss_fct = nn.MSELoss(reduction="mean")

    def forward(self, x):
        return self.feed_forward(x).squeeze(-1)

    def logits_to_loss(self, logits, labels):
        return self.loss_fct(logits, labels.float())  # wrong
        # fixed: return self.loss_fct(logits, labels.float().squeeze(-1))


class AdaptiveModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.language_model = nn.Sequential(nn.Linear(10, 16), nn.Tanh())
        self.prediction_head = RegressionHead((16, 1))

    def forward(self, padding):
        return self.prediction_head(self.language_model(padding))


class Reviews(Dataset):
    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.x = torch.randn(192, 10, generator=generator)
        self.y = self.x[:, :3].sum(1, keepdim=True) * 4

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return {"input": self.x[index], "label_ids": self.y[index]}


torch.manual_seed(21)
model = AdaptiveModel()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(2):
    for batch in DataLoader(Reviews(), batch_size=32, shuffle=True):
        logits = model(batch["input"])
        loss = model.prediction_head.logits_to_loss(logits, batch["label_ids"])
        loss.backward()
        optimizer.step()
        model.zero_grad()
    print(epoch, loss.item())
