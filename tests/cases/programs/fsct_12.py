"""The validation loop was copied from the training loop, the step included.

rule:   updates-on-eval-data
line:   for points, labels in validation_loader:
style:  TrainModel class, both loops in one method
source: SKrisanski/FSCT#12
"""

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


class TrainModel:
    def __init__(self, parameters):
        self.parameters = parameters
        torch.manual_seed(43)
        points = torch.randn(200, 6)
        labels = (points[:, 2] > 0).long() + (points[:, 2] > 1).long()
        self.train_dataset = TensorDataset(points[:150], labels[:150])
        self.validation_dataset = TensorDataset(points[150:], labels[150:])

    def run_training(self):
        train_loader = DataLoader(self.train_dataset, batch_size=15, shuffle=True)
        validation_loader = DataLoader(self.validation_dataset, batch_size=10, shuffle=True)
        model = nn.Sequential(
            nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3)
        )
        optimizer = optim.Adam(model.parameters(), lr=self.parameters["learning_rate"])
        criterion = nn.CrossEntropyLoss()
        for epoch in range(self.parameters["num_epochs"]):
            model.train()
            running_loss = 0.0
            for points, labels in train_loader:
                optimizer.zero_grad()
                loss = criterion(model(points), labels)
                loss.backward()
                optimizer.step()
                running_loss += loss.item()

            model.eval()
            val_loss = 0.0
            # fixed: torch.set_grad_enabled(False)
            for points, labels in validation_loader:
                loss = criterion(model(points), labels)
                optimizer.zero_grad()
                val_loss += loss.item()
                loss.backward()  # wrong
                optimizer.step()  # wrong
            # fixed: torch.set_grad_enabled(True)
            print(epoch, running_loss / len(train_loader), val_loss / len(validation_loader))


TrainModel({"learning_rate": 5e-3, "num_epochs": 3}).run_training()
