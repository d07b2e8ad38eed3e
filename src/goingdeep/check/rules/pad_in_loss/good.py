"""The next token is learned; padding is left out of the loss."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

PAD, VOCABULARY = 0, 20
torch.manual_seed(0)
tokens = torch.randint(1, VOCABULARY, (96, 13))
tokens[torch.arange(13) >= torch.randint(4, 14, (96, 1))] = PAD
loader = DataLoader(TensorDataset(tokens), batch_size=16, shuffle=True)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, 16)
        self.recurrent = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, VOCABULARY)

    def forward(self, x):
        return self.out(self.recurrent(self.embed(x))[0])


model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)

for epoch in range(2):
    for (batch,) in loader:
        scores = model(batch[:, :-1])
        loss = criterion(scores.reshape(-1, VOCABULARY), batch[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
