"""A DistributedSampler whose set_epoch() nobody calls.

rule:   same-order-every-epoch
line:   for text, images in dl:
style:  script, two inputs, loss inside of the model
source: lucidrains/DALLE-pytorch#230
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

torch.manual_seed(48)
EPOCHS = 4
captions = torch.randint(0, 30, (144, 5))
codes = captions.flip(1)
ds = TensorDataset(captions, codes)
data_sampler = DistributedSampler(ds, num_replicas=1, rank=0, shuffle=True)
dl = DataLoader(ds, batch_size=12, sampler=data_sampler)


class Dalle(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(30, 16)
        self.to_logits = nn.Linear(16, 30)

    def forward(self, text, image, return_loss=False):
        logits = self.to_logits(self.embed(text).flip(1))
        if not return_loss:
            return logits
        return nn.functional.cross_entropy(logits.permute(0, 2, 1), image)


dalle = Dalle()
opt = torch.optim.Adam(dalle.parameters(), lr=3e-3)
for epoch in range(EPOCHS):
    # fixed: data_sampler.set_epoch(epoch)
    for text, images in dl:
        loss = dalle(text, images, return_loss=True)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(dalle.parameters(), 0.5)
        opt.step()
    print(epoch, loss.item())
