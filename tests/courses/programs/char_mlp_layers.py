"""The character model from layers: Embedding, Linear, BatchNorm1d, AdamW, and validation under eval()."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

text = "the quick brown fox jumps over the lazy dog while the other dogs sleep in the warm sun of the late summer "
chars = sorted(set(text))
codes = torch.tensor([chars.index(c) for c in text * 3])
block = 4
contexts = torch.stack([codes[i : i + block] for i in range(len(codes) - block)])
dataset = TensorDataset(contexts, codes[block:])

torch.manual_seed(3)
train_set, valid_set = random_split(dataset, [len(dataset) - 60, 60])
train_loader = DataLoader(train_set, batch_size=32, shuffle=True, drop_last=True)
valid_loader = DataLoader(valid_set, batch_size=60)


class CharModel(nn.Module):
    def __init__(self, vocabulary, size=8, hidden=48):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, size)
        self.net = nn.Sequential(
            nn.Flatten(),
            nn.Linear(block * size, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.Tanh(),
            nn.Dropout(0.1),
            nn.Linear(hidden, vocabulary),
        )
        with torch.no_grad():
            self.net[-1].weight *= 0.1

    def forward(self, x):
        return self.net(self.embed(x))


model = CharModel(len(chars))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
for epoch in range(4):
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(xb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(xb)
    model.eval()
    with torch.no_grad():
        valid = sum(criterion(model(xb), yb).item() for xb, yb in valid_loader)
    print(f"epoch {epoch} train {total / len(train_set):.5f} valid {valid:.5f}")
print("running mean", model.net[2].running_mean.abs().mean().item(), int(model.net[2].num_batches_tracked))
print(len(model.state_dict()), "entries")
