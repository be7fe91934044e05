"""A convolutional network that tells squares from crosses and rings, on images it draws itself."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, Dataset


class Shapes(Dataset):
    def __init__(self, count, size=12):
        self.images = torch.randn(count, 1, size, size) * 0.3
        self.labels = torch.randint(0, 3, (count,))
        for image, label in zip(self.images, self.labels):
            r, c = torch.randint(0, size - 6, (2,)).tolist()
            if label == 0:
                image[0, r : r + 5, c : c + 5] += 1
            elif label == 1:
                image[0, r + 2, c : c + 5] += 1
                image[0, r : r + 5, c + 2] += 1
            else:
                image[0, r : r + 5, c : c + 5] += 1
                image[0, r + 1 : r + 4, c + 1 : c + 4] -= 1

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 12, 3)
        self.drop = nn.Dropout2d(0.1)
        self.fc = nn.Linear(12 * 2 * 2, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)
        x = self.drop(F.max_pool2d(F.relu(self.conv2(x)), 2))
        return F.log_softmax(self.fc(x.view(x.size(0), -1)), dim=1)


torch.manual_seed(0)
device = torch.device("cpu")
train_loader = DataLoader(Shapes(192), batch_size=32, shuffle=True)
test_loader = DataLoader(Shapes(96), batch_size=48)
model = Net().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = ReduceLROnPlateau(optimizer, patience=1, factor=0.5)
for epoch in range(4):
    model.train()
    for data, target in train_loader:
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
    model.eval()
    test_loss = correct = 0
    with torch.no_grad():
        for data, target in test_loader:
            output = model(data)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    test_loss /= len(test_loader.dataset)
    scheduler.step(test_loss)
    print(f"epoch {epoch} train {loss.item():.5f} test {test_loss:.5f} correct {correct}/{len(test_loader.dataset)}")
