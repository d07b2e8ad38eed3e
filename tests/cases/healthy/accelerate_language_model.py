"""Accelerate: tied embeddings, accumulation that it scales, a cosine schedule longer than the training.

traps: tied, accumulation, cut-short
"""

import tempfile

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader, TensorDataset


class LM(nn.Module):
    def __init__(self, tokens=12, size=16):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(tokens, size), nn.GRU(size, size, batch_first=True)
        self.drop, self.out = nn.Dropout(0.1), nn.Linear(size, tokens, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, ids):
        return self.out(self.drop(self.rnn(self.embed(ids))[0]))


set_seed(22)
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
model = LM()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
schedule = CosineAnnealingLR(optimizer, T_max=500)
ids = (torch.arange(9) + torch.randint(0, 12, (144, 1)) * torch.randint(1, 4, (144, 1))) % 12
train = DataLoader(TensorDataset(ids[:112]), batch_size=8, shuffle=True)
valid = DataLoader(TensorDataset(ids[112:]), batch_size=8)
model, optimizer, schedule, train, valid = accelerator.prepare(
    model, optimizer, schedule, train, valid
)
criterion = nn.CrossEntropyLoss()
with tempfile.TemporaryDirectory() as folder:
    for epoch in range(4):
        model.train()
        for (batch,) in train:
            with accelerator.accumulate(model):
                loss = criterion(model(batch[:, :-1]).transpose(1, 2), batch[:, 1:])
                accelerator.backward(loss)
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
        model.eval()
        losses = []
        for (batch,) in valid:
            with torch.no_grad():
                loss = criterion(model(batch[:, :-1]).transpose(1, 2), batch[:, 1:])
            losses.append(accelerator.gather_for_metrics(loss.repeat(len(batch))))
        print(epoch, torch.cat(losses).mean().item())
        if epoch == 1:
            accelerator.save_state(folder)
            accelerator.load_state(folder)
