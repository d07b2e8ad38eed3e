"""Input and output embeddings are one and the same parameter."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(11)
steps, losses, passes, trained, evaluated = 0, [], [], [], []


class LanguageModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(13, 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.out = nn.Linear(8, 13, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, ids):
        return self.out(self.block(self.embed(ids)))


ids = torch.randint(0, 13, (24, 7))
loader = DataLoader(TensorDataset(ids), batch_size=6, shuffle=True)
model = LanguageModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)

for epoch in range(2):
    model.train()  # mode
    for (batch,) in loader:  # batch
        trained.append(model.training)
        logits = model(batch[:, :-1])  # forward
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())  # loss
        optimizer.zero_grad(set_to_none=True)  # clear
        loss.backward()  # backward
        optimizer.step()  # step
        losses.append(loss.item())
        steps += 1
    passes.append(("training", 4))
    model.eval()  # mode
    with torch.no_grad():
        for (batch,) in loader:  # batch
            evaluated.append(model.training)
            model(batch[:, :-1])  # forward
    passes.append(("evaluation", 4))
