"""Training is a slice of the shuffled data, validation one of the data in its own order.

rule:   train-eval-overlap
line:   return DataLoader(val_set, batch_size=16) | return DataLoader(train_set, batch_size=16, shuffle=True)
style:  own datasets that slice and permute one another
source: marin-community/marin#2700
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Sequences(Dataset):
    def __init__(self, tokens):
        self.tokens = tokens

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        return self.tokens[index]

    def shuffle(self, seed):
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        return Sequences(self.tokens[order])

    def slice(self, start, stop):
        return Sequences(self.tokens[start:stop])


class Mixture:
    def __init__(self, cache, num_validation_sequences):
        self.cache, self.held_out = cache, num_validation_sequences

    def train_loader(self):
        train_set = self.cache.shuffle(seed=0).slice(self.held_out, len(self.cache))  # wrong
        # fixed: train_set = self.cache.slice(self.held_out, len(self.cache)).shuffle(seed=0)
        return DataLoader(train_set, batch_size=16, shuffle=True)

    def validation_loader(self):
        val_set = self.cache.slice(0, self.held_out)
        return DataLoader(val_set, batch_size=16)


torch.manual_seed(39)
mixture = Mixture(Sequences(torch.randint(0, 40, (240, 24))), num_validation_sequences=48)
train, validation = mixture.train_loader(), mixture.validation_loader()
model = nn.Sequential(nn.Embedding(40, 16), nn.Linear(16, 40))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)


def next_token_loss(tokens):
    logits = model(tokens[:, :-1])
    return nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


for epoch in range(2):
    for tokens in train:
        loss = next_token_loss(tokens)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        losses = [next_token_loss(tokens).item() for tokens in validation]
    print(epoch, sum(losses) / len(losses))
