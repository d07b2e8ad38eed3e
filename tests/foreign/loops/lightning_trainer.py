"""Lightning's Trainer, with its sanity check, a validation after each epoch and a scheduler."""

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

lightning.seed_everything(41, verbose=False)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        trained.append(self.training)
        loss = nn.functional.cross_entropy(self(x), y)  # forward, loss
        losses.append(loss.item())
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        evaluated.append(self.training)
        self.log("val_loss", nn.functional.cross_entropy(self(x), y))  # forward, loss

    def on_train_epoch_start(self):
        passes.append(("training", 5))

    def on_validation_end(self):
        passes.append(("evaluation", 2 if self.trainer.sanity_checking else 3))

    def on_before_zero_grad(self, optimizer):
        global steps
        steps += 1

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.01)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)]


train = DataLoader(
    TensorDataset(torch.randn(40, 6), torch.randint(0, 3, (40,))), batch_size=8, shuffle=True
)
valid = DataLoader(TensorDataset(torch.randn(12, 6), torch.randint(0, 3, (12,))), batch_size=4)
model = Classifier()
trainer = lightning.Trainer(
    max_epochs=2, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
    enable_model_summary=False, num_sanity_val_steps=2, gradient_clip_val=1.0,
)  # fmt: skip
trainer.fit(model, train, valid)  # batch, backward, step, clear, mode, clip, schedule
