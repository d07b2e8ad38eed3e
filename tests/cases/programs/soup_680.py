"""The small source is repeated until it is as long as the large one, and then the tail is cut off.

rule:   train-eval-overlap
line:   val_loader = DataLoader(val_rows, batch_size=20) | formatted = interleave(large, small, max(len(large), len(small)))
style:  lists as datasets, a collate function
source: MakazhanAlpamys/Soup#680
"""

import random

import torch
from torch import nn
from torch.utils.data import DataLoader

random.seed(41)
torch.manual_seed(41)


def rows(count, shift):
    return [{"x": torch.randn(12) + shift, "label": random.randrange(3)} for _ in range(count)]


def interleave(first, second, size):
    mixed = []
    for i in range(size):
        mixed += [first[i % len(first)], second[i % len(second)]]
    return mixed


def load_dataset(val_split):
    large, small = rows(120, 0.0), rows(30, 1.0)
    # fixed: keep = int(len(small) * (1 - 2 * val_split))
    # fixed: held_out = small[keep:] + large[108:]
    # fixed: return interleave(large[:108], small[:keep], 108), held_out
    formatted = interleave(large, small, max(len(large), len(small)))
    split = int(len(formatted) * (1 - val_split))
    return formatted[:split], formatted[split:]


def collate(batch):
    return torch.stack([row["x"] for row in batch]), torch.tensor([row["label"] for row in batch])


train_rows, val_rows = load_dataset(0.2)
train_loader = DataLoader(train_rows, batch_size=20, shuffle=True, collate_fn=collate)
# fixed: val_loader = DataLoader(val_rows, batch_size=20, collate_fn=collate)
val_loader = DataLoader(val_rows, batch_size=20)  # wrong
model = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(3):
    for x, y in train_loader:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        scored = [(model(batch["x"]), batch["label"]) for batch in val_loader]  # wrong
        # fixed: scored = [(model(x), y) for x, y in val_loader]
    hits = sum((scores.argmax(1) == y).sum().item() for scores, y in scored)
    print(epoch, hits / len(val_rows))
