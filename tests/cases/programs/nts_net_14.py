"""nn.Dropout is made where it is used: eval() cannot reach it.

rule:   layer-created-in-forward
line:   x = nn.Dropout(p=0.5)(x)
style:  network in the manner of torchvision, test after each epoch
source: yangze0930/NTS-Net#14
"""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class ResNet(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        # fixed: self.drop = nn.Dropout(p=0.5)
        self.fc = nn.Linear(8, num_classes)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.avgpool(x)
        x = x.view(x.size(0), -1)
        x = nn.Dropout(p=0.5)(x)  # wrong
        # fixed: x = self.drop(x)
        return self.fc(x)


torch.manual_seed(77)
img = torch.randn(120, 3, 8, 8) + torch.eye(3)[torch.arange(120) % 3].view(120, 3, 1, 1)
label = torch.arange(120) % 3
trainloader = DataLoader(TensorDataset(img[:90], label[:90]), batch_size=10, shuffle=True)
testloader = DataLoader(TensorDataset(img[90:], label[90:]), batch_size=10)
net = ResNet()
raw_optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
creterion = nn.CrossEntropyLoss()
for epoch in range(2):
    net.train()
    for data in trainloader:
        raw_optimizer.zero_grad()
        loss = creterion(net(data[0]), data[1])
        loss.backward()
        raw_optimizer.step()
    net.eval()
    test_correct = 0
    for data in testloader:
        with torch.no_grad():
            test_correct += (net(data[0]).argmax(1) == data[1]).sum().item()
    print(epoch, test_correct / 30)
