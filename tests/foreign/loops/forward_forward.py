"""Every layer has an optimizer of its own, and the graph is cut between them."""

import torch
from torch import nn

torch.manual_seed(8)
steps, losses, passes, trained, evaluated = 0, {0: [], 1: []}, [], [], []


class Layer(nn.Linear):
    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self.relu = nn.ReLU()
        self.opt = torch.optim.Adam(self.parameters(), lr=0.03)
        self.threshold = 2.0

    def forward(self, x):
        direction = x / (x.norm(2, 1, keepdim=True) + 1e-4)
        return self.relu(torch.mm(direction, self.weight.T) + self.bias.unsqueeze(0))

    def train_layer(self, x_pos, x_neg, number):
        global steps
        for _ in range(5):
            trained.extend([self.training, self.training])
            g_pos = self.forward(x_pos).pow(2).mean(1)
            g_neg = self.forward(x_neg).pow(2).mean(1)
            loss = torch.log(
                1 + torch.exp(torch.cat([-g_pos + self.threshold, g_neg - self.threshold]))
            ).mean()
            self.opt.zero_grad()  # clear
            loss.backward()  # backward
            self.opt.step()  # step
            steps += 1
            losses[number].append(loss.item())
        return self.forward(x_pos).detach(), self.forward(x_neg).detach()


layers = [Layer(6, 10), Layer(10, 10)]
positive, negative = torch.rand(12, 6), torch.rand(12, 6)
for number, layer in enumerate(layers):
    positive, negative = layer.train_layer(positive, negative, number)
trained = None  # `forward` is called directly: no call of a module can be seen
