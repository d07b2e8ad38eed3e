"""The word language model's loop: no optimizer, the weights are changed by hand."""

import torch
from torch import nn

torch.manual_seed(9)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

tokens = torch.randint(0, 11, (40, 4))
encoder, rnn, decoder = nn.Embedding(11, 6), nn.LSTM(6, 8), nn.Linear(8, 11)
model = nn.ModuleDict({"encoder": encoder, "rnn": rnn, "decoder": decoder})
criterion = nn.CrossEntropyLoss()
lr = 0.5


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.rnn, self.decoder = encoder, rnn, decoder

    def forward(self, x, hidden):
        output, hidden = self.rnn(self.encoder(x), hidden)
        return self.decoder(output).view(-1, 11), hidden


model = Model()
hidden = None
for i in range(0, 36, 4):
    data, targets = tokens[i : i + 4], tokens[i + 1 : i + 5].reshape(-1)
    model.zero_grad()  # clear
    if hidden is not None:
        hidden = tuple(h.detach() for h in hidden)
    trained.append(model.training)
    output, hidden = model(data, hidden)  # forward
    loss = criterion(output, targets)  # loss
    loss.backward()  # backward
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)  # clip
    for p in model.parameters():
        p.data.add_(p.grad, alpha=-lr)
    steps += 1
    losses.append(loss.item())
