"""Kill a training run with SIGKILL until it has come to its end, and compare with the run that was left alone.

    python tests/resuming.py FOLDER

Each run is a process of its own that goes on from the checkpoint it finds. Prints how often one was killed; the last
checkpoints of both must be the same, byte for byte.
"""

from __future__ import annotations

import os
import random
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import minitorch_optim as mt
from minitorch_optim import nn, optim
from minitorch_optim.utils.data import DataLoader, TensorDataset

EPOCHS = 4
killed = runpy.run_path(str(Path(__file__).with_name("killed.py")))["killed"]


def train(path: Path, seed: int, report: Callable[[], None] = lambda: None) -> None:
    """Train to the end, with dropout, a schedule and averaged weights; a checkpoint after each step."""
    mt.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    inputs = mt.arange(92).float().view(46, 2) / 92
    loader = DataLoader(TensorDataset(inputs, inputs.sum(1, keepdim=True)), batch_size=4, shuffle=True)
    model = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.05, total_steps=EPOCHS * len(loader))
    swa = optim.swa_utils.AveragedModel(model)
    losses: list[float] = []
    checkpoint = mt.Checkpoint(
        model=model, optimizer=optimizer, scheduler=scheduler, swa=swa, loader=loader, losses=losses
    )
    first = checkpoint.load(path)["epoch"] if path.exists() else 0
    report()
    for epoch in range(first, EPOCHS):
        for x, y in loader:
            optimizer.zero_grad()
            loss = ((model(x + 0.01 * mt.randn(*x.shape)) - y) ** 2).mean() * random.uniform(0.9, np.random.rand() + 1)
            loss.backward()
            optimizer.step()
            scheduler.step()
            swa.update_parameters(model)
            losses.append(loss.item())
            checkpoint.save(path, epoch=epoch)
            report()
        checkpoint.save(path, epoch=epoch + 1)


def main(folder: Path) -> None:
    """Compare both runs."""
    alone, interrupted = folder / "alone", folder / "interrupted"
    train(alone, 0)
    kills = 0
    chance = random.Random(1)
    while True:
        # Until there is a checkpoint a run begins anew, as it was begun; from then on it must not matter.
        seed = kills if interrupted.exists() else 0
        _, status = killed(lambda report, seed=seed: train(interrupted, seed, report), chance, 5)
        if status == 0:
            break
        assert os.WIFSIGNALED(status), "a run that went on ended with an error"
        kills += 1
    assert len(mt.load(alone)["parts"]["losses"]) == EPOCHS * 12
    assert alone.read_bytes() == interrupted.read_bytes()
    print(kills)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
