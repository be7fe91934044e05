"""Bigrams of names: counts, sampling with multinomial, and the same model trained as one matrix."""

import torch
import torch.nn.functional as F

words = "anna emma olivia ava isabella sophia mia charlotte amelia harper evelyn abigail emily ella liam noah".split()
chars = ["."] + sorted(set("".join(words)))
stoi = {s: i for i, s in enumerate(chars)}
V = len(chars)

N = torch.zeros((V, V), dtype=torch.int32)
xs, ys = [], []
for w in words:
    for a, b in zip("." + w, w + "."):
        N[stoi[a], stoi[b]] += 1
        xs.append(stoi[a])
        ys.append(stoi[b])
P = (N + 1).float()
P /= P.sum(1, keepdim=True)

g = torch.Generator().manual_seed(2147483647)
for _ in range(5):
    out, ix = [], 0
    while True:
        ix = torch.multinomial(P[ix], num_samples=1, replacement=True, generator=g).item()
        if ix == 0:
            break
        out.append(chars[ix])
    print("sampled", "".join(out))

log_likelihood = sum(torch.log(P[a, b]) for a, b in zip(xs, ys))
print("nll", (-log_likelihood / len(xs)).item())

xs, ys = torch.tensor(xs), torch.tensor(ys)
W = torch.randn((V, V), generator=g, requires_grad=True)
for k in range(50):
    xenc = F.one_hot(xs, num_classes=V).float()
    counts = (xenc @ W).exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(len(xs)), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -20 * W.grad
    if k % 10 == 0:
        print("step", k, "loss", loss.item())
