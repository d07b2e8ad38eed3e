"""zero_grad() is called twice: after each update, and before each micro-batch.

rule:   ga-cleared-early
line:   optimizer.zero_grad()
style:  notebook, contrastive loss, argparse namespace by hand
source: bhuvanakundumani/SimCSE_unsupervised#1
"""

# In[1]:
from argparse import Namespace

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

args = Namespace(gradient_accumulation_steps=2, learning_rate=3e-3, num_train_epochs=2)

# In[2]:


class SimCSE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.EmbeddingBag(60, 16), nn.Dropout(0.1), nn.Linear(16, 16))

    def forward(self, input_ids):
        z1, z2 = self.encoder(input_ids), self.encoder(input_ids)
        similarity = nn.functional.cosine_similarity(z1.unsqueeze(1), z2.unsqueeze(0), dim=-1)
        loss = nn.CrossEntropyLoss()(similarity / 0.05, torch.arange(len(input_ids)))
        return {"loss": loss}


# In[3]:
torch.manual_seed(63)
sentences = torch.randint(0, 60, (160, 9))
train_dataloader = DataLoader(TensorDataset(sentences), batch_size=10, shuffle=True)
model = SimCSE()
optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate)
model.train()
for epoch in range(args.num_train_epochs):
    running_loss = 0.0
    for step, batch in enumerate(train_dataloader):
        (input_ids,) = batch
        optimizer.zero_grad()  # wrong
        outputs = model(input_ids)
        loss = outputs["loss"] / args.gradient_accumulation_steps
        loss.backward()
        running_loss += loss.item()
        if (step + 1) % args.gradient_accumulation_steps == 0:
            optimizer.step()
            model.zero_grad()
    print(epoch, running_loss)
