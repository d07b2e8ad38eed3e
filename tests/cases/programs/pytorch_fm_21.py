"""Attention scores of a factorisation machine go through F.dropout without the mode.

rule:   functional-dropout-always-on
line:   attn_scores = F.dropout(attn_scores, p=self.dropouts[0])
style:  recommender, embeddings of fields, sigmoid with BCELoss
source: rixwew/pytorch-fm#21
"""

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class AttentionalFactorizationMachine(torch.nn.Module):
    def __init__(self, field_dims=(10, 8, 6), embed_dim=8, attn_size=8, dropouts=(0.2, 0.2)):
        super().__init__()
        self.embeddings = torch.nn.ModuleList(torch.nn.Embedding(n, embed_dim) for n in field_dims)
        self.attention = torch.nn.Linear(embed_dim, attn_size)
        self.projection = torch.nn.Linear(attn_size, 1)
        self.fc = torch.nn.Linear(embed_dim, 1)
        self.dropouts = dropouts

    def forward(self, fields):
        x = [embed(fields[:, i]) for i, embed in enumerate(self.embeddings)]
        inner_product = torch.stack([x[0] * x[1], x[0] * x[2], x[1] * x[2]], dim=1)
        attn_scores = F.relu(self.attention(inner_product))
        attn_scores = F.softmax(self.projection(attn_scores), dim=1)
        attn_scores = F.dropout(attn_scores, p=self.dropouts[0])  # wrong
        # fixed: attn_scores = F.dropout(attn_scores, p=self.dropouts[0], training=self.training)
        attn_output = torch.sum(attn_scores * inner_product, dim=1)
        return torch.sigmoid(self.fc(attn_output).squeeze(1))


def test(model, data_loader):
    model.eval()
    with torch.no_grad():
        return sum(F.binary_cross_entropy(model(f), t).item() for f, t in data_loader)


torch.manual_seed(79)
fields = torch.stack([torch.randint(0, n, (240,)) for n in (10, 8, 6)], dim=1)
rating = (fields.sum(1) > 10).float()
train_loader = DataLoader(TensorDataset(fields[:180], rating[:180]), batch_size=18, shuffle=True)
test_loader = DataLoader(TensorDataset(fields[180:], rating[180:]), batch_size=20)
model = AttentionalFactorizationMachine()
criterion = torch.nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-6)
for epoch_i in range(2):
    model.train()
    for batch, target in train_loader:
        loss = criterion(model(batch), target)
        model.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch_i, test(model, test_loader))
