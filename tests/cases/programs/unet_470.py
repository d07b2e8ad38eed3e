"""Scaled gradients are clipped one by one, in a U-Net's script.

rule:   clip-before-unscale
line:   torch.nn.utils.clip_grad_value_(model.parameters(), gradient_clipping)
style:  script with train_model(), a plateau scheduler
source: milesial/Pytorch-UNet#470
"""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split


def train_model(model, dataset, epochs=2, batch_size=6, amp=True, gradient_clipping=1.0):
    n_val = len(dataset) // 5
    train_set, val_set = random_split(
        dataset, [len(dataset) - n_val, n_val], generator=torch.Generator().manual_seed(0)
    )
    train_loader = DataLoader(train_set, shuffle=True, batch_size=batch_size)
    val_loader = DataLoader(val_set, batch_size=batch_size)
    optimizer = optim.RMSprop(model.parameters(), lr=1e-4, weight_decay=1e-8, momentum=0.9)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, "max", patience=5)
    grad_scaler = torch.amp.GradScaler("cpu", enabled=amp)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(epochs):
        model.train()
        for images, true_masks in train_loader:
            with torch.autocast("cpu", enabled=amp):
                masks_pred = model(images)
                loss = criterion(masks_pred.squeeze(1).float(), true_masks)
            optimizer.zero_grad(set_to_none=True)
            grad_scaler.scale(loss).backward()
            # fixed: grad_scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_value_(model.parameters(), gradient_clipping)
            grad_scaler.step(optimizer)
            grad_scaler.update()
        model.eval()
        with torch.no_grad():
            agree = [((model(x).squeeze(1) > 0) == (y > 0.5)).float().mean() for x, y in val_loader]
        val_score = torch.stack(agree).mean()
        scheduler.step(val_score)
        print(epoch, val_score.item())


torch.manual_seed(67)
pictures = torch.rand(60, 3, 8, 8)
unet = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 1, 1)
)
train_model(unet, TensorDataset(pictures, (pictures.mean(1) > 0.5).float()))
