"""A collate_fn puts time first, as a GRU takes it: the samples are on the second axis."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randint(2, 12, (96, 6))
dataset = TensorDataset(x, x.flip(1))


def time_first(samples):
    return tuple(torch.stack(part, dim=1) for part in zip(*samples, strict=True))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(12, 16)
        self.gru = nn.GRU(16, 24)
        self.out = nn.Linear(24, 12)

    def forward(self, words):
        return self.out(self.gru(self.embedding(words))[0])


loader = DataLoader(dataset, batch_size=16, shuffle=True, collate_fn=time_first)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(2):
    for words, wanted in loader:
        loss = nn.functional.cross_entropy(model(words).flatten(0, 1), wanted.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
