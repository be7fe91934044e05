"""Training steps of every kind that must be replayed: each makes what it needs anew and returns the step."""

import minitorch_optim as torch
from minitorch_optim import nn
from minitorch_optim.nn import functional as F

STEPS = {}


def step(function):
    STEPS[function.__name__] = function
    return function


def _mlp(*between):
    layers = [nn.Linear(6, 8)]
    for layer in between:
        layers += [layer]
    return nn.Sequential(*layers, nn.Linear(8, 3))


def _training(model, optimizer, loss_fn=F.cross_entropy, clear="before", after=()):
    """The step of most courses, with zero_grad where ``clear`` says."""

    def step(x, y):
        if clear == "before":
            optimizer.zero_grad()
        elif clear == "none":
            optimizer.zero_grad(set_to_none=True)
        elif clear == "model":
            model.zero_grad()
        elif clear == "hand":
            for p in model.parameters():
                p.grad = None
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        if clear == "after":
            optimizer.zero_grad()
        for act in after:
            act()
        return loss

    return step


def _with_clearing(clear):
    def make():
        model = _mlp(nn.ReLU())
        return model, _training(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), clear=clear)

    STEPS[f"cleared_{clear}"] = make


for _clear in ("before", "none", "model", "hand", "after", "never"):
    _with_clearing(_clear)


@step
def adam():
    model = _mlp(nn.Tanh())
    return model, _training(model, torch.optim.Adam(model.parameters(), lr=0.01))


@step
def batch_norm_and_dropout():
    model = _mlp(nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3))
    return model, _training(model, torch.optim.AdamW(model.parameters(), lr=0.01))


@step
def other_activations_and_norms():
    model = _mlp(nn.GELU(), nn.LayerNorm(8), nn.Softplus(), nn.Sigmoid(), nn.LeakyReLU(), nn.ELU(), nn.SiLU())
    return model, _training(model, torch.optim.RMSprop(model.parameters(), lr=0.01))


@step
def two_groups_and_a_schedule():
    model = _mlp(nn.ReLU())
    groups = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.5}]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    return model, _training(model, optimizer, after=[schedule.step])


@step
def averaged_weights():
    model = _mlp(nn.ReLU())
    average = torch.optim.swa_utils.AveragedModel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step = _training(model, optimizer, after=[lambda: average.update_parameters(model)])
    return nn.ModuleList([model, average]), step


@step
def clipped_gradients():
    model = _mlp(nn.ReLU())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.05)
        optimizer.step()
        return loss

    return model, step


@step
def weighted_classes():
    model = _mlp(nn.ReLU())
    weight = torch.tensor([0.2, 0.3, 0.5])

    def loss(scores, y):
        return F.cross_entropy(scores, y, weight=weight, label_smoothing=0.1)

    return model, _training(model, torch.optim.SGD(model.parameters(), lr=0.5), loss)


@step
def images():
    model = nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 4, 2, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.LazyLinear(3),
    )  # fmt: skip
    model(torch.zeros(4, 6))
    return model, _training(model, torch.optim.Adam(model.parameters(), lr=0.01))


@step
def recurrent():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.out = nn.GRU(2, 5, batch_first=True), nn.Linear(5, 3)

        def forward(self, x):
            states, _ = self.rnn(x.view(-1, 3, 2))
            return self.out(states[:, -1])

    model = Last()
    return model, _training(model, torch.optim.Adam(model.parameters(), lr=0.01))


@step
def attention():
    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention, self.out = nn.MultiheadAttention(2, 1, batch_first=True), nn.Linear(6, 3)

        def forward(self, x):
            x = x.view(-1, 3, 2)
            mixed, _ = self.attention(x, x, x)
            return self.out((x + mixed).flatten(1))

    model = Small()
    return model, _training(model, torch.optim.SGD(model.parameters(), lr=0.1))


@step
def by_hand_without_modules():
    w = torch.randn(6, 3, requires_grad=True)
    b = torch.zeros(3, requires_grad=True)

    def step(x, y):
        loss = -torch.log_softmax(x @ w + b, dim=1).gather(1, y.unsqueeze(1)).mean()
        loss.backward()
        with torch.no_grad():
            for p in (w, b):
                p -= 0.1 * p.grad
                p.grad.zero_()
        return loss

    return nn.ParameterList([nn.Parameter(w), nn.Parameter(b)]), step


@step
def weights_used_twice():
    w = nn.Parameter(torch.randn(6, 6))
    optimizer = torch.optim.Adam([w], lr=0.01)

    def step(x, y):
        optimizer.zero_grad()
        h = x @ w
        h = torch.tanh(h) @ w + h
        loss = ((h + x) ** 2).mean() + 0.01 * (w * w).sum() + w.abs().max()
        loss.backward()
        optimizer.step()
        return {"loss": loss.detach(), "parts": (h, x, 3)}

    return nn.ParameterList([w]), step


@step
def two_optimizers():
    maker, judge = nn.Linear(6, 6), nn.Sequential(nn.Linear(6, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    of_maker, of_judge = torch.optim.Adam(maker.parameters(), lr=0.01), torch.optim.SGD(judge.parameters(), lr=0.1)
    bce = nn.BCEWithLogitsLoss()

    def step(x, y):
        made = maker(torch.randn_like(x))
        of_judge.zero_grad()
        verdict = judge(x), judge(made.detach())
        loss_judge = bce(verdict[0], torch.ones(len(x), 1)) + bce(verdict[1], torch.zeros(len(x), 1))
        loss_judge.backward()
        of_judge.step()
        of_maker.zero_grad()
        loss_maker = bce(judge(made), torch.ones(len(x), 1))
        loss_maker.backward()
        of_maker.step()
        return loss_judge, loss_maker

    return nn.ModuleList([maker, judge]), step


@step
def gradient_penalty():
    model = _mlp(nn.Tanh())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        grads = torch.autograd.grad(loss, list(model.parameters()), create_graph=True)
        total = loss + 0.1 * sum((g * g).sum() for g in grads)
        total.backward()
        optimizer.step()
        return total

    return model, step


@step
def evaluation():
    model = _mlp(nn.BatchNorm1d(8), nn.ReLU()).eval()

    @torch.no_grad()
    def step(x, y):
        scores = model(x)
        return scores.argmax(1).eq(y).float().mean(), scores

    return model, step


@step
def indexing_and_in_place():
    w = nn.Parameter(torch.randn(6))
    seen = torch.zeros(4)

    def step(x, y):
        h = (x * w)[:, [0, 2, 4]] * 1.0
        h[:, 0] += 1
        h[y % 2] *= 2
        h[:2] = h[:2].cumsum(0)
        seen.mul_(0.9).add_(h.detach().sum(1))
        loss = torch.cat([h.pow(2), h[1:, :]], 0).sum() + torch.where(h > 0, h, -h).mean()
        (g,) = torch.autograd.grad(loss, [w])
        w.data -= 0.01 * g
        return loss, seen

    return nn.ParameterList([w]), step


@step
def embedded():
    model = nn.Sequential(nn.Embedding(3, 4), nn.Linear(4, 3))

    def loss(scores, y):
        return F.cross_entropy(scores, y)

    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)

    def step(x, y):
        optimizer.zero_grad()
        value = loss(model(y), y)
        value.backward()
        optimizer.step()
        return value

    return model, step


@step
def choices_and_places():
    w = nn.Parameter(torch.randn(6, 6))
    optimizer = torch.optim.Adagrad([w], lr=0.1)

    def step(x, y):
        optimizer.zero_grad()
        h = x @ w
        values, places = h.max(dim=1)
        top = h.topk(2, dim=1)
        loss = values.sum() + top.values.mean() + h.gather(1, top.indices).std() + h.sort(dim=1)[0][:, 0].sum()
        loss = loss + (F.one_hot(y, 3).float() * h[:, :3]).sum() + h.median() + F.normalize(h).sum()
        loss = loss + F.adaptive_max_pool1d(h.unsqueeze(1), 2).sum() + F.max_pool1d(h.unsqueeze(1), 2).mean()
        loss.backward()
        optimizer.step()
        return loss, places, torch.isin(y, torch.tensor([1])), torch.isclose(h, h)

    return nn.ParameterList([w]), step


@step
def other_losses():
    model = nn.Sequential(nn.Linear(6, 1), nn.Sigmoid())
    optimizer = torch.optim.Rprop(model.parameters(), lr=0.01)

    def step(x, y):
        optimizer.zero_grad()
        p, target = model(x).squeeze(1), (y > 0).float()
        loss = F.binary_cross_entropy(p, target) + F.huber_loss(p, target) + F.smooth_l1_loss(p, target)
        loss = loss + F.gaussian_nll_loss(p, target, p * p) + F.kl_div(p.log(), target) + F.l1_loss(p, target)
        loss = loss + F.nll_loss(F.log_softmax(x * p[:, None], 1), y, ignore_index=2)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.1)
        optimizer.step()
        return loss

    return model, step
