"""The last hidden state is reshaped as if the batch were its first axis.

rule:   batch-mixing
line:   hidden = hidden.view(batch_size, self.hidden_size * 2)
style:  bidirectional encoder, latent variable, loss of two terms
source: timbmg/Sentence-VAE#15
"""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class SentenceVAE(nn.Module):
    def __init__(self, vocab_size=30, hidden_size=12, latent_size=6):
        super().__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(vocab_size, 10)
        self.encoder_rnn = nn.GRU(10, hidden_size, bidirectional=True, batch_first=True)
        self.hidden2mean = nn.Linear(hidden_size * 2, latent_size)
        self.outputs2vocab = nn.Linear(latent_size, vocab_size)

    def forward(self, input_sequence):
        batch_size = input_sequence.size(0)
        _, hidden = self.encoder_rnn(self.embedding(input_sequence))
        hidden = hidden.view(batch_size, self.hidden_size * 2)  # wrong
        # fixed: hidden = hidden.transpose(0, 1).reshape(batch_size, self.hidden_size * 2)
        mean = self.hidden2mean(hidden)
        return self.outputs2vocab(mean)


torch.manual_seed(83)
sentences = torch.randint(0, 30, (160, 7))
label = sentences[:, 0]
model = SentenceVAE()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(2):
    for batch, target in DataLoader(TensorDataset(sentences, label), batch_size=16, shuffle=True):
        logits = model(batch)
        loss = criterion(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
