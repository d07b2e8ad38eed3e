"""The best model of a knowledge graph trainer is written to disk after all epochs.

rule:   best-state-alias
line:   best_model = self.trainModel.state_dict()
style:  embeddings scored by distance, negative sampling, no loss function of torch
source: thunlp/OpenKE#131
"""

import copy
import tempfile
from pathlib import Path

import torch
from torch import nn


class TransE(nn.Module):
    def __init__(self, entities, relations, dim=12):
        super().__init__()
        self.ent_embeddings = nn.Embedding(entities, dim)
        self.rel_embeddings = nn.Embedding(relations, dim)

    def forward(self, h, r, t):
        score = self.ent_embeddings(h) + self.rel_embeddings(r) - self.ent_embeddings(t)
        return score.norm(p=1, dim=-1)


class Config:
    def __init__(self, model, folder):
        self.trainModel, self.folder = model, Path(folder)
        self.optimizer = torch.optim.Adagrad(model.parameters(), lr=0.3)

    def train_one_step(self, h, r, t):
        corrupt = torch.randint(0, 30, t.shape)
        loss = torch.relu(1 + self.trainModel(h, r, t) - self.trainModel(h, r, corrupt)).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def valid(self, h, r, t):
        with torch.no_grad():
            return -self.trainModel(h, r, t).mean().item()

    def train(self, triples, held_out, epochs):
        best_epoch, best_hit10, best_model = 0, -1e9, None
        for epoch in range(epochs):
            for batch in triples.split(20):
                self.train_one_step(*batch.t())
            hit10 = self.valid(*held_out.t())
            if hit10 > best_hit10 and epoch < epochs - 2:
                best_epoch, best_hit10 = epoch, hit10
                best_model = self.trainModel.state_dict()  # wrong
                # fixed: best_model = copy.deepcopy(self.trainModel.state_dict())
        print("best epoch", best_epoch)
        torch.save(best_model, self.folder / "checkpoint.pt")


torch.manual_seed(72)
head, relation = torch.randint(0, 30, (240,)), torch.randint(0, 3, (240,))
triples = torch.stack([head, relation, (head + relation) % 30], dim=1)
with tempfile.TemporaryDirectory() as folder:
    Config(TransE(30, 3), folder).train(triples[:200], triples[200:], 5)
