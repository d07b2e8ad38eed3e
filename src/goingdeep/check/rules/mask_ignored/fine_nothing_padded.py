"""The mask is given, and no sample is padded: there is nothing that it could change."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.out = nn.Linear(16, 2)

    def forward(self, tokens, padding_mask):
        h = self.layer(self.embed(tokens), src_key_padding_mask=padding_mask)
        kept = (~padding_mask).unsqueeze(2)
        return self.out((h * kept).sum(1) / kept.sum(1))


torch.manual_seed(0)
tokens = torch.randint(1, 20, (96, 10))
labels = (tokens.sum(1) > 60).long()
loader = DataLoader(TensorDataset(tokens, labels), batch_size=16, shuffle=True)
model = Encoder()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(2):
    for batch, wanted in loader:
        optimizer.zero_grad()
        scores = model(batch, padding_mask=batch == 0)
        nn.functional.cross_entropy(scores, wanted).backward()
        optimizer.step()
