"""Returns (N) minus values (N, 1): the squared differences are an N x N matrix.

rule:   loss-shape-broadcast
line:   advantages = returns - values
style:  actor and critic, loss written out in tensor arithmetic
source: floodsung/a2c_cartpole_pytorch#3
"""

import torch
from torch import nn
from torch.nn.functional import log_softmax

torch.manual_seed(24)
actor = nn.Sequential(nn.Linear(4, 20), nn.Tanh(), nn.Linear(20, 2))
critic = nn.Sequential(nn.Linear(4, 20), nn.Tanh(), nn.Linear(20, 1))
actor_optim = torch.optim.Adam(actor.parameters(), lr=1e-2)
critic_optim = torch.optim.Adam(critic.parameters(), lr=1e-2)


def roll_out(steps=24):
    states = torch.randn(steps, 4)
    probabilities = torch.softmax(actor(states), dim=1).detach()
    actions = torch.multinomial(probabilities, 1).squeeze(1)
    rewards = (actions == (states[:, 0] > 0)).float()
    returns = rewards.flip(0).cumsum(0).flip(0) / 10
    return states, actions, returns


for episode in range(20):
    states, actions, returns = roll_out()
    values = critic(states)
    advantages = returns - values  # wrong
    # fixed: advantages = returns - values[:, 0]

    critic_optim.zero_grad()
    value_loss = (advantages**2).mean()
    value_loss.backward()
    critic_optim.step()

    actor_optim.zero_grad()
    log_probs = log_softmax(actor(states), dim=1)[torch.arange(len(actions)), actions]
    policy_loss = -(log_probs * advantages.detach()).mean()
    policy_loss.backward()
    actor_optim.step()
