"""A feature extractor detaches what it hands on: the image encoder gets no gradient.

rule:   graph-cut
line:   embeddings = self.project(self.img_encoder(images))
style:  a wrapper that collects a layer's output with a forward hook
source: lucidrains/CoCa-pytorch#6
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Extractor(nn.Module):
    """Runs a network and returns what its last block said."""

    def __init__(self, vit):
        super().__init__()
        self.vit = vit
        self.latents = None
        vit[-1].register_forward_hook(self._hook)

    def _hook(self, _, inputs, output):
        self.latents = output.clone().detach()  # wrong
        # fixed: self.latents = output.clone()

    def forward(self, image):
        self.vit(image)
        return self.latents


class CoCa(nn.Module):
    def __init__(self):
        super().__init__()
        vit = nn.Sequential(nn.Linear(16, 24), nn.GELU(), nn.Linear(24, 12))
        self.img_encoder = Extractor(vit)
        self.project = nn.Linear(12, 8)
        self.text = nn.EmbeddingBag(30, 8)
        self.temperature = nn.Parameter(torch.tensor(1.0))

    def forward(self, images, text):
        embeddings = self.project(self.img_encoder(images))
        return embeddings @ self.text(text).t() * self.temperature.exp()


torch.manual_seed(33)
images = torch.randn(128, 16)
text = images[:, :4].mul(4).long().add(15).clamp(0, 29)
model = CoCa()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(2):
    for image, caption in DataLoader(TensorDataset(images, text), batch_size=16, shuffle=True):
        similarity = model(image, caption)
        target = torch.arange(len(image))
        loss = nn.functional.cross_entropy(similarity, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
