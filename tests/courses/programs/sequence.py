"""A recurrent network that adds up marked numbers, and one that continues a sine: LSTM and GRU."""

import torch
from torch import nn

torch.manual_seed(7)


class Adder(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, num_layers=2, batch_first=True, dropout=0.1)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, (h, c) = self.lstm(x)
        return self.head(out[:, -1]).squeeze(-1)


def batch(n, length=8):
    values = torch.rand(n, length)
    marks = torch.zeros(n, length)
    for row in marks:
        row[torch.randperm(length)[:2]] = 1
    return torch.stack([values, marks], dim=2), (values * marks).sum(1)


model = Adder()
optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
for step in range(40):
    x, y = batch(32)
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    optimizer.step()
    if step % 10 == 0:
        print("adder", step, loss.item())

wave = torch.sin(torch.arange(0, 20, 0.2)).view(-1, 1, 1)
gru, head = nn.GRU(1, 12), nn.Linear(12, 1)
optimizer = torch.optim.Adam([*gru.parameters(), *head.parameters()], lr=0.02)
criterion = nn.MSELoss()
for _ in range(30):
    optimizer.zero_grad()
    hidden = torch.zeros(1, 1, 12)
    out, hidden = gru(wave[:-1], hidden)
    loss = criterion(head(out), wave[1:])
    loss.backward()
    optimizer.step()
print("wave", loss.item())
with torch.no_grad():
    x, continued = wave[-1:], []
    for _ in range(5):
        out, hidden = gru(x, hidden)
        x = head(out)
        continued.append(round(x.item(), 4))
print("continued", continued)
