"""The backbone is frozen by requires_grad; its BatchNorm goes on counting.

rule:   frozen-bn-drifts
line:   features = self.backbone(x).flatten(start_dim=1)
style:  Lightning, linear classifier on a frozen backbone
source: lightly-ai/lightly#1438
"""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def deactivate_requires_grad(model):
    for param in model.parameters():
        param.requires_grad = False


class Classifier(lightning.LightningModule):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        deactivate_requires_grad(backbone)
        self.fc = nn.Linear(8, 3)
        self.criterion = nn.CrossEntropyLoss()

    def forward(self, x):
        features = self.backbone(x).flatten(start_dim=1)
        return self.fc(features)

    # fixed: def on_train_epoch_start(self):
    # fixed:     self.backbone.eval()

    def training_step(self, batch, batch_idx):
        x, y = batch
        return self.criterion(self.forward(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.fc.parameters(), lr=0.1)


lightning.seed_everything(80, verbose=False)
backbone = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
images = torch.rand(120, 1, 8, 8)
loader = DataLoader(TensorDataset(images, images.flatten(1)[:, :3].argmax(1)), 12, shuffle=True)
trainer = lightning.Trainer(
    max_epochs=2, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False,
)  # fmt: skip
trainer.fit(Classifier(backbone), loader)
