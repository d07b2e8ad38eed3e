"""Key points of faces: the net is scored on test data without eval(), Dropout included.

rule:   eval-in-train-mode
line:   for i, sample in enumerate(test_loader):
style:  notebook cells, samples as dictionaries
source: udacity/P1_Facial_Keypoints#28
"""

# In[1]:
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

# In[2]:


class FacialKeypointsDataset(Dataset):
    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.images = torch.rand(count, 1, 12, 12, generator=generator)
        self.keypoints = self.images.mean(dim=3).view(count, 12)[:, :8]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        return {"image": self.images[idx], "keypoints": self.keypoints[idx]}


# In[3]:


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(6 * 5 * 5, 32)
        self.dropout = nn.Dropout(p=0.3)
        self.fc2 = nn.Linear(32, 8)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = x.view(x.size(0), -1)
        x = self.dropout(F.relu(self.fc1(x)))
        return self.fc2(x)


torch.manual_seed(4)
net = Net()
train_loader = DataLoader(FacialKeypointsDataset(120, 0), batch_size=12, shuffle=True)
test_loader = DataLoader(FacialKeypointsDataset(36, 1), batch_size=12, shuffle=True)

# In[4]:
criterion = nn.SmoothL1Loss()
optimizer = optim.Adam(net.parameters(), lr=0.001)
net.train()
for epoch in range(2):
    running_loss = 0.0
    for batch_i, data in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(net(data["image"]), data["keypoints"])
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print(epoch, running_loss)

# In[5]:
test_loss = 0.0
# fixed: net.eval()
with torch.no_grad():
    for i, sample in enumerate(test_loader):
        output_pts = net(sample["image"].float())
        test_loss += criterion(output_pts, sample["keypoints"]).item()
print("test loss", test_loss / len(test_loader))
