"""The last group of parameters is put together, and never appended.

rule:   params-not-in-optimizer
line:   self.optimizer = torch.optim.AdamW(parameters)
style:  Trainer class, parameter groups by name
source: zjunlp/HVPNeT#5
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = nn.Sequential(nn.Embedding(30, 12), nn.Linear(12, 12), nn.ReLU())
        self.encoder_conv = nn.Linear(12, 12)
        self.fc = nn.Linear(12, 5)

    def forward(self, tokens):
        return self.fc(torch.relu(self.encoder_conv(self.bert(tokens))))


class NERTrainer:
    def __init__(self, model, train_data, lr=3e-3):
        self.model, self.train_data, self.lr = model, train_data, lr
        self.multiModal_before_train()

    def multiModal_before_train(self):
        parameters = []
        params = {"lr": self.lr, "weight_decay": 1e-2, "params": []}
        for name, param in self.model.named_parameters():
            if "bert" in name:
                params["params"].append(param)
        parameters.append(params)

        params = {"lr": self.lr, "weight_decay": 1e-2, "params": []}
        for name, param in self.model.named_parameters():
            if "encoder_conv" in name:
                params["params"].append(param)
        parameters.append(params)

        params = {"lr": 5e-2, "weight_decay": 1e-2, "params": []}
        for name, param in self.model.named_parameters():
            if "crf" in name or name.startswith("fc"):
                params["params"].append(param)
        # fixed: parameters.append(params)
        self.optimizer = torch.optim.AdamW(parameters)

    def train(self, epochs):
        self.model.train()
        for _ in range(epochs):
            for tokens, tags in self.train_data:
                logits = self.model(tokens)
                loss = nn.functional.cross_entropy(logits.transpose(1, 2), tags)
                loss.backward()
                self.optimizer.step()
                self.optimizer.zero_grad()
            print(loss.item())


torch.manual_seed(25)
sentences = torch.randint(0, 30, (128, 7))
loader = DataLoader(TensorDataset(sentences, sentences % 5), batch_size=16, shuffle=True)
NERTrainer(Tagger(), loader).train(2)
