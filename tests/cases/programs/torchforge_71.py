"""Two optimizers, and only the critic's gradients are cleared.

rule:   grads-not-cleared
line:   policy_loss.backward()
style:  actor and critic with an optimizer each, no DataLoader
source: meta-pytorch/torchforge#71
"""

import torch
import torch.nn as nn
from torch.distributions import Categorical

torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 3))
critic = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 1))
policy_optimizer = torch.optim.AdamW(policy.parameters(), lr=1e-3)
critic_optimizer = torch.optim.AdamW(critic.parameters(), lr=1e-3)


def rollout(n=32):
    states = torch.randn(n, 6)
    dist = Categorical(logits=policy(states))
    actions = dist.sample()
    rewards = (actions == states[:, :3].argmax(1)).float()
    return states, rewards, dist.log_prob(actions)


for step in range(25):
    states, rewards, log_probs = rollout()
    values = critic(states).squeeze(1)
    advantages = (rewards - values).detach()

    critic_optimizer.zero_grad()
    value_loss = nn.functional.mse_loss(values, rewards)
    value_loss.backward()
    critic_optimizer.step()

    # fixed: policy_optimizer.zero_grad()
    policy_loss = -(advantages * log_probs).mean()
    policy_loss.backward()
    policy_optimizer.step()
