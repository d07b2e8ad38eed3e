"""A recurrent layer takes the batch for the sequence: `batch_first` is missing."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.recurrent = nn.GRU(5, 16)
        self.out = nn.Linear(16, 3)

    def forward(self, sequences):
        states, _ = self.recurrent(sequences)
        return self.out(states.mean(1))


torch.manual_seed(0)
x = torch.randn(160, 9, 5)
y = x[:, :, :3].sum(1).argmax(1)
loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
model = Tagger()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(2):
    for sequences, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(sequences), labels).backward()
        optimizer.step()
