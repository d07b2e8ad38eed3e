"""An architecture search draws its second batch with next(iter(...)) in every step.

rule:   only-first-batch
line:   input_search, target_search = next(iter(valid_queue))
style:  two loaders, two optimizers, weights and architecture in turns
source: skhu101/GM-NAS#4
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset


class Supernet(nn.Module):
    def __init__(self):
        super().__init__()
        self.choices = nn.ModuleList(
            [nn.Linear(10, 16), nn.Sequential(nn.Linear(10, 16), nn.Tanh())]
        )
        self.alphas = nn.Parameter(1e-3 * torch.randn(2))
        self.classifier = nn.Linear(16, 3)

    def forward(self, x):
        weights = torch.softmax(self.alphas, dim=0)
        return self.classifier(sum(w * op(x) for w, op in zip(weights, self.choices, strict=True)))


torch.manual_seed(53)
x = torch.randn(400, 10)
data = TensorDataset(x, x[:, :3].argmax(1))
train_queue = DataLoader(data, 8, sampler=SubsetRandomSampler(range(200)))
valid_queue = DataLoader(data, 8, sampler=SubsetRandomSampler(range(200, 400)))
model = Supernet()
weights = [p for name, p in model.named_parameters() if name != "alphas"]
w_optimizer = torch.optim.SGD(weights, lr=0.05, momentum=0.9)
a_optimizer = torch.optim.Adam([model.alphas], lr=3e-3, betas=(0.5, 0.999))


def train(epoch):
    # fixed: valid_iter = iter(valid_queue)
    for input, target in train_queue:
        input_search, target_search = next(iter(valid_queue))  # wrong
        # fixed: input_search, target_search = next(valid_iter)
        a_optimizer.zero_grad()
        nn.functional.cross_entropy(model(input_search), target_search).backward()
        a_optimizer.step()

        w_optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(input), target)
        loss.backward()
        w_optimizer.step()
    print(epoch, loss.item())


for epoch in range(2):
    train(epoch)
