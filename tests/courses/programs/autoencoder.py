"""A denoising autoencoder with dropout on generated patterns, and a variational one: rsample by hand, KL term."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

torch.manual_seed(11)
basis = torch.rand(4, 16)
data = torch.sigmoid(torch.randn(256, 4) @ basis)

model = nn.Sequential(
    nn.Linear(16, 12), nn.ReLU(True), nn.Dropout(p=0.2), nn.Linear(12, 4), nn.Linear(4, 12), nn.LeakyReLU(0.1),
    nn.Linear(12, 16), nn.Sigmoid(),
)  # fmt: skip
for layer in model:
    if isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight, gain=nn.init.calculate_gain("relu"))
        nn.init.zeros_(layer.bias)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-5)
for epoch in range(6):
    for batch in data[torch.randperm(len(data))].split(64):
        noisy = (batch + 0.1 * torch.randn_like(batch)).clamp(0, 1)
        loss = F.binary_cross_entropy(model(noisy), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("denoising", epoch, loss.item())


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.mu, self.log_var = nn.Linear(16, 20), nn.Linear(20, 3), nn.Linear(20, 3)
        self.decoder = nn.Sequential(nn.Linear(3, 20), nn.ELU(), nn.Linear(20, 16))

    def forward(self, x):
        h = torch.tanh(self.fc1(x))
        mu, log_var = self.mu(h), self.log_var(h)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        return self.decoder(z), mu, log_var


vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=5e-3)
for _ in range(20):
    logits, mu, log_var = vae(data)
    kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    loss = (F.binary_cross_entropy_with_logits(logits, data, reduction="sum") + kl) / len(data)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
print("vae", loss.item(), "kl", kl.item() / len(data))
kl = kl_divergence(Normal(mu, (0.5 * log_var).exp()), Normal(0.0, 1.0))
print("kl by distributions", kl.sum().item() / len(data))
