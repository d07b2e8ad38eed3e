"""A causal language model: tied embeddings, padding ignored, warm-up, one long file in order."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class LM(nn.Module):
    def __init__(self, tokens=20, size=16, length=12):
        super().__init__()
        self.embed, self.place = (
            nn.Embedding(tokens, size, padding_idx=0),
            nn.Embedding(length, size),
        )
        layer = nn.TransformerEncoderLayer(size, 2, 32, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1)
        self.out = nn.Linear(size, tokens, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, tokens):
        length = tokens.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        x = self.embed(tokens) + self.place(torch.arange(length))
        return self.out(self.encoder(x, mask=mask, is_causal=True))


torch.manual_seed(0)
tokens = torch.randint(1, 20, (96, 11))
tokens[:, 9:] = 0
train_loader = DataLoader(TensorDataset(tokens[:64]), batch_size=8, shuffle=True)
val_loader = DataLoader(TensorDataset(tokens[64:]), batch_size=8)
model = LM()
criterion = nn.CrossEntropyLoss(ignore_index=0)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / 5, 1.0))
for epoch in range(3):
    model.train()
    for (batch,) in train_loader:
        loss = criterion(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
    model.eval()
    with torch.no_grad():
        for (batch,) in val_loader:
            criterion(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
