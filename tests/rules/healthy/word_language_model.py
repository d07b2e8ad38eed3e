"""No optimizer, lr 20, the hidden state detached between batches (after pytorch/examples)."""

import torch
from torch import nn


class RNNModel(nn.Module):
    def __init__(self, tokens=12, size=16):
        super().__init__()
        self.drop = nn.Dropout(0.2)
        self.encoder = nn.Embedding(tokens, size)
        self.rnn = nn.LSTM(size, size, 1)
        self.decoder = nn.Linear(size, tokens)
        self.decoder.weight = self.encoder.weight

    def forward(self, source, hidden):
        output, hidden = self.rnn(self.drop(self.encoder(source)), hidden)
        decoded = self.decoder(self.drop(output)).view(-1, 12)
        return torch.log_softmax(decoded, dim=1), hidden


torch.manual_seed(0)
data = torch.randint(0, 12, (121, 4))
model, criterion, lr, bptt = RNNModel(), nn.NLLLoss(), 20.0, 10


def repackage(hidden):
    return tuple(h.detach() for h in hidden)


def new_hidden():
    return torch.zeros(1, 4, 16), torch.zeros(1, 4, 16)


for epoch in range(2):
    model.train()
    hidden, total = new_hidden(), 0.0
    for i in range(0, 100, bptt):
        source, target = data[i : i + bptt], data[i + 1 : i + 1 + bptt].reshape(-1)
        model.zero_grad()
        hidden = repackage(hidden)
        output, hidden = model(source, hidden)
        loss = criterion(output, target)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
        total += loss.item()
    model.eval()
    with torch.no_grad():
        output, _ = model(data[100:110], new_hidden())
        print(total, criterion(output, data[101:111].reshape(-1)).item())
    lr /= 4.0
