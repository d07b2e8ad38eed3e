"""Lightning: gradients are clipped in training_step, before there are any.

rule:   clip-misplaced
line:   norm = nn.utils.clip_grad_norm_(self.parameters(), self.gradient_clip_norm)
style:  Lightning with a hook for clipping
source: simchowitzlabpublic/nano-world-model#22
"""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class WorldModel(lightning.LightningModule):
    def __init__(self, gradient_clip_norm=0.5):
        super().__init__()
        self.gradient_clip_norm = gradient_clip_norm
        self.dynamics = nn.Sequential(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 6))

    def training_step(self, batch, batch_idx):
        frame, action, after = batch
        prediction = frame + self.dynamics(torch.cat([frame, action], dim=1))
        loss = nn.functional.mse_loss(prediction, after)
        norm = nn.utils.clip_grad_norm_(self.parameters(), self.gradient_clip_norm)  # wrong
        self.log("gradient_norm", norm)  # wrong
        return loss

    def configure_gradient_clipping(self, optimizer, *args, **kwargs):
        pass  # wrong
        # fixed: norm = nn.utils.clip_grad_norm_(self.parameters(), self.gradient_clip_norm)
        # fixed: self.log("gradient_norm", norm)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


lightning.seed_everything(65, verbose=False)
frames, actions = torch.randn(160, 6), torch.randn(160, 2)
after = frames + 0.1 * actions.repeat(1, 3)
trainer = lightning.Trainer(
    max_epochs=2, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    enable_progress_bar=False, enable_model_summary=False,
)  # fmt: skip
trainer.fit(WorldModel(), DataLoader(TensorDataset(frames, actions, after), 16, shuffle=True))
