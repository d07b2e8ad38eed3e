"""A head on a small BERT ends in softmax; the loop uses CrossEntropyLoss.

rule:   double-softmax
line:   out = out.softmax(dim=1)
style:  a transformers model in a loop of one's own
source: lansinuote/Huggingface_Toturials#6
"""

import torch
from transformers import BertConfig, BertModel

torch.manual_seed(11)
pretrained = BertModel(
    BertConfig(
        vocab_size=50, hidden_size=12, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=16,
    )
)  # fmt: skip
for param in pretrained.parameters():
    param.requires_grad_(False)
pretrained.eval()


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(12, 2)

    def forward(self, input_ids, attention_mask):
        with torch.no_grad():
            out = pretrained(input_ids=input_ids, attention_mask=attention_mask)
        out = self.fc(out.last_hidden_state[:, 0])
        out = out.softmax(dim=1)  # wrong
        return out


class Dataset(torch.utils.data.Dataset):
    def __init__(self):
        self.ids = torch.randint(5, 50, (96, 10))
        self.labels = (self.ids[:, 0] > 27).long()

    def __len__(self):
        return 96

    def __getitem__(self, i):
        return self.ids[i], self.labels[i]


def collate_fn(data):
    input_ids = torch.stack([ids for ids, _ in data])
    return input_ids, torch.ones_like(input_ids), torch.LongTensor([int(l) for _, l in data])


loader = torch.utils.data.DataLoader(
    Dataset(), batch_size=8, collate_fn=collate_fn, shuffle=True, drop_last=True
)
model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)
criterion = torch.nn.CrossEntropyLoss()
model.train()
for i, (input_ids, attention_mask, labels) in enumerate(loader):
    out = model(input_ids=input_ids, attention_mask=attention_mask)
    loss = criterion(out, labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if i % 5 == 0:
        accuracy = (out.argmax(dim=1) == labels).sum().item() / len(labels)
        print(i, loss.item(), accuracy)
