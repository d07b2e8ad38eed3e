"""The model is made again before the loop; the optimizer is still that of the first one.

rule:   stale-optimizer
line:   optimizer = torch.optim.SGD(rnn.parameters(), lr=0.05)
style:  notebook, one sample at a time, no DataLoader
source: spro/practical-pytorch#9
"""

# In[1]:
import random

import torch
import torch.nn as nn

random.seed(30)
torch.manual_seed(30)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)

    def forward(self, letter, hidden):
        combined = torch.cat((letter, hidden), 1)
        return torch.log_softmax(self.i2o(combined), dim=1), torch.tanh(self.i2h(combined))


rnn = RNN(7, 10, 3)

# In[2]:
criterion = nn.NLLLoss()
optimizer = torch.optim.SGD(rnn.parameters(), lr=0.05)


def train(category, line):
    hidden = torch.zeros(1, rnn.hidden_size)
    rnn.zero_grad()
    for letter in line:
        output, hidden = rnn(letter.unsqueeze(0), hidden)
    loss = criterion(output, category)
    loss.backward()
    optimizer.step()
    return loss.item()


# In[3]:
def random_training_pair():
    category = random.randrange(3)
    line = torch.eye(7)[[random.randrange(category * 2, category * 2 + 3) for _ in range(4)]]
    return torch.tensor([category]), line


# In[4]:
rnn = RNN(7, 10, 3)
# fixed: optimizer = torch.optim.SGD(rnn.parameters(), lr=0.1)
current_loss = 0
for iteration in range(1, 41):
    current_loss += train(*random_training_pair())
    if iteration % 20 == 0:
        print(iteration, current_loss / 20)
        current_loss = 0
