"""Logistic regression with nn.Linear on two clouds of points: BCELoss, SGD, accuracy."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
n = 100
clouds = torch.cat([torch.randn(n, 2) + 1.5, torch.randn(n, 2) - 1.5])
labels = torch.cat([torch.ones(n, 1), torch.zeros(n, 1)])
loader = DataLoader(TensorDataset(clouds, labels), batch_size=25, shuffle=True)


class LogisticRegression(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.linear = nn.Linear(inputs, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


model = LogisticRegression(2)
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=1e-3)
losses = []
for epoch in range(10):
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print("epoch", epoch, "mean loss", np.mean(losses[-8:]))

with torch.no_grad():
    predicted = (model(clouds) > 0.5).float()
    print("accuracy", predicted.eq(labels).sum().item() / len(labels))
for name, parameter in model.named_parameters():
    print(name, parameter.data.flatten().tolist())
