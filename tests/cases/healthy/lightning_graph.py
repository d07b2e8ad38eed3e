"""Lightning: LBFGS, whose closure Lightning makes, on one full batch with masks over its nodes.

traps: lbfgs, masks, nll
"""

import lightning
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


class GCN(lightning.LightningModule):
    def __init__(self, adjacency, masks):
        super().__init__()
        self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 3)
        self.adjacency, self.masks = adjacency, masks

    def forward(self, x):
        hidden = torch.relu(self.adjacency @ self.one(x))
        return F.log_softmax(self.adjacency @ self.two(hidden), dim=1)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.nll_loss(self(x)[self.masks[0]], y[self.masks[0]])

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_loss", F.nll_loss(self(x)[self.masks[1]], y[self.masks[1]]))

    def configure_optimizers(self):
        return torch.optim.LBFGS(self.parameters(), lr=0.1, max_iter=4)


lightning.seed_everything(4, verbose=False)
x = torch.randn(60, 8)
y = x[:, :3].argmax(1)
near = (torch.rand(60, 60) < 0.05).float() + torch.eye(60)
place = torch.rand(60)
model = GCN(near / near.sum(1, keepdim=True), (place < 0.5, place >= 0.5))
loader = DataLoader([(x, y)], batch_size=None)
trainer = lightning.Trainer(
    max_epochs=12, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False, log_every_n_steps=1,
)  # fmt: skip
trainer.fit(model, loader, loader)
