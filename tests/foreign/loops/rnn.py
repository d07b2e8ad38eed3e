"""Truncated backpropagation through time: the hidden state is handed on, detached."""

import torch
from torch import nn

torch.manual_seed(12)
steps, losses, passes, trained, evaluated = 0, [], [], [], []

series = torch.randn(3, 40, 2)
rnn = nn.GRU(2, 6, batch_first=True, num_layers=2, dropout=0.1)
head = nn.Linear(6, 2)
parameters = [*rnn.parameters(), *head.parameters()]
optimizer = torch.optim.RMSprop(parameters, lr=1e-2)

for epoch in range(2):
    hidden = None
    for start in range(0, 35, 7):
        chunk, following = series[:, start : start + 7], series[:, start + 1 : start + 8]
        optimizer.zero_grad()  # clear
        trained.append(rnn.training)
        output, hidden = rnn(chunk, hidden)  # forward
        trained.append(head.training)
        loss = ((head(output) - following) ** 2).mean()  # forward
        loss.backward()  # backward
        torch.nn.utils.clip_grad_value_(parameters, clip_value=0.5)  # clip
        optimizer.step()  # step
        hidden = hidden.detach()
        losses.append(loss.item())
        steps += 1
