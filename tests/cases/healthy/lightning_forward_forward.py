"""Lightning, manual optimization: every layer has its own optimizer, and nothing flows between them.

traps: layer-optimizers
"""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Layers(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.layers = nn.ModuleList([nn.Linear(11, 32), nn.Linear(32, 32)])

    def configure_optimizers(self):
        return [torch.optim.Adam(layer.parameters(), lr=0.03) for layer in self.layers]

    def training_step(self, batch, batch_idx):
        x, y = batch
        wrong = (y + torch.randint(1, 3, y.shape)) % 3
        good, bad = (torch.cat([x, nn.functional.one_hot(t, 3).float()], 1) for t in (y, wrong))
        for layer, optimizer in zip(self.layers, self.optimizers(), strict=True):
            high, low = (
                torch.relu(layer(v / (v.norm(dim=1, keepdim=True) + 1e-4))) for v in (good, bad)
            )
            powers = torch.cat([2.0 - high.pow(2).mean(1), low.pow(2).mean(1) - 2.0])
            optimizer.zero_grad()
            self.manual_backward(nn.functional.softplus(powers).mean())
            optimizer.step()
            good, bad = high.detach(), low.detach()


lightning.seed_everything(5, verbose=False)
x = torch.randn(128, 8)
trainer = lightning.Trainer(
    max_epochs=3, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False,
)  # fmt: skip
loader = DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=16, shuffle=True)
trainer.fit(Layers(), loader)
