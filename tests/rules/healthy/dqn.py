"""A target network without gradients, loaded from the online one now and then; a replay memory."""

import random
from collections import deque

import torch
from torch import nn


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))

    def forward(self, x):
        return self.net(x)


random.seed(0)
torch.manual_seed(0)
policy_net, target_net = DQN(), DQN()
target_net.load_state_dict(policy_net.state_dict())
target_net.eval()
optimizer = torch.optim.AdamW(policy_net.parameters(), lr=1e-3, amsgrad=True)
memory = deque(maxlen=200)
state = torch.randn(1, 4)
for step in range(60):
    if random.random() < 0.3:
        action = torch.tensor([[random.randrange(2)]])
    else:
        with torch.no_grad():
            action = policy_net(state).max(1).indices.view(1, 1)
    after = torch.randn(1, 4)
    memory.append((state, action, after, torch.tensor([float(action)])))
    state = after
    if len(memory) < 16:
        continue
    states, actions, nexts, rewards = (
        torch.cat(part) for part in zip(*random.sample(memory, 16), strict=True)
    )
    values = policy_net(states).gather(1, actions)
    with torch.no_grad():
        wanted = target_net(nexts).max(1).values * 0.99 + rewards
    loss = nn.SmoothL1Loss()(values, wanted.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    if step % 20 == 0:
        target_net.load_state_dict(policy_net.state_dict())
