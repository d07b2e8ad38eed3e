"""The mean of the triplet losses is told to require grad, since nothing before it does.

rule:   loss-rewrapped
line:   mean_losses.requires_grad = True
style:  own loss module, embeddings through numpy
source: roman-vygon/triplet_loss_kws#6
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class TripletLoss(nn.Module):
    def __init__(self, margin=0.5):
        super().__init__()
        self.margin = margin

    def forward(self, embeddings, labels):
        same = labels.unsqueeze(0) == labels.unsqueeze(1)
        distances = torch.cdist(embeddings, embeddings)
        hardest_positive = (distances * same).amax(1)
        hardest_negative = (distances + 1e3 * same).amin(1)
        losses = torch.relu(hardest_positive - hardest_negative + self.margin)
        mean_losses = losses.mean()
        mean_losses.requires_grad = True  # wrong
        return mean_losses


def embed(encoder, audio):
    vectors = encoder(audio).detach().numpy()  # wrong
    # fixed: vectors = encoder(audio)
    vectors = vectors / ((vectors**2).sum(axis=1, keepdims=True) ** 0.5)
    return torch.from_numpy(vectors)  # wrong
    # fixed: return vectors


torch.manual_seed(38)
keywords = torch.randn(160, 12)
word = keywords[:, :4].argmax(1)
encoder = nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 6))
criterion = TripletLoss()
optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)
for epoch in range(2):
    for audio, labels in DataLoader(TensorDataset(keywords, word), batch_size=20, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(embed(encoder, audio), labels)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
