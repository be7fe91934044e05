"""Train on handwritten digits, average the weights along the way, and see which reads new digits better.

SGD goes down a cosine for the first part of the training. Then SWALR takes the learning rate to a high constant, at
which the weights keep moving about a minimum, and those at the end of each epoch are averaged (Izmailov et al., 2018).
The average is another network: before it can be used, the statistics of its batch normalisation are computed anew.
"Plain" are the last weights of the same run. A fifth of the images is held out, never trained on.

    python examples/swa_digits.py
    python examples/swa_digits.py --seeds 1 --epochs 20 --swa-start 10 --swa-lr 0.05
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys

# The matrices are small: a second BLAS thread would cost more in waiting than it saves. To be said before NumPy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tqdm import tqdm

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.datasets import load_digits
from minitorch_optim.optim.lr_scheduler import CosineAnnealingLR
from minitorch_optim.optim.swa_utils import SWALR, AveragedModel, update_bn
from minitorch_optim.utils.data import DataLoader, TensorDataset, random_split


class OneLineParser(argparse.ArgumentParser):
    """A bad value gets one clear line and exit code 2."""

    def error(self, message: str) -> None:
        print(f"{self.prog}: {message} (--help lists the options)", file=sys.stderr)
        raise SystemExit(2)


def positive(kind: type) -> object:
    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected a positive {kind.__name__}, got {text!r}") from None
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"expected a positive {kind.__name__}, got {text!r}")
        return value

    return parse


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = OneLineParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seeds", type=positive(int), default=5, help="how many runs, each with its own split")
    parser.add_argument("--epochs", type=positive(int), default=30, help="passes over the training set")
    parser.add_argument("--swa-start", type=positive(int), default=15, help="epochs before weights are averaged")
    parser.add_argument("--lr", type=positive(float), default=0.1, help="learning rate at the start")
    parser.add_argument("--swa-lr", type=positive(float), default=0.2, help="learning rate while averaging")
    parser.add_argument("--batch-size", type=positive(int), default=64, help="images in a batch")
    options = parser.parse_args(arguments)
    if options.swa_start >= options.epochs:
        parser.error(f"argument --swa-start: must be below --epochs, got {options.swa_start} and {options.epochs}")
    if options.batch_size < 2:
        parser.error("argument --batch-size: batch normalisation needs at least 2 images in a batch, got 1")
    return options


def make_model() -> nn.Module:
    return nn.Sequential(
        nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(),
        nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 10),
    )  # fmt: skip


@torch.no_grad()
def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of images that are read rightly."""
    model.eval()
    return (model(images).argmax(1) == labels).float().mean().item()


def run(seed: int, options: argparse.Namespace) -> tuple[float, float]:
    """Train once; give the held-out accuracy of the last weights, and of the averaged ones."""
    torch.manual_seed(seed)
    images, labels = load_digits()
    images = images / 16  # grey values from 0 to 1
    n_held_out = len(images) // 5
    training, held_out = random_split(TensorDataset(images, labels), [len(images) - n_held_out, n_held_out])
    size = min(options.batch_size, len(training))
    loader = DataLoader(training, batch_size=size, shuffle=True, drop_last=True)

    model = make_model()
    swa_model = AveragedModel(model)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=options.lr, momentum=0.9, weight_decay=1e-4)
    scheduler = CosineAnnealingLR(optimizer, T_max=options.epochs)
    swa_scheduler = SWALR(optimizer, swa_lr=options.swa_lr, anneal_epochs=5)

    bar = tqdm(range(options.epochs), desc=f"seed {seed}", unit="epoch", mininterval=0.2)
    for epoch in bar:
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(inputs), targets)
            loss.backward()
            optimizer.step()
        if epoch >= options.swa_start:
            swa_model.update_parameters(model)
            swa_scheduler.step()
        else:
            scheduler.step()
        bar.set_postfix(loss=f"{loss.item():.3f}", lr=f"{optimizer.param_groups[0]['lr']:.1e}")
    update_bn(loader, swa_model, progress=True)
    test = images[held_out.indices], labels[held_out.indices]
    return accuracy(model, *test), accuracy(swa_model, *test)


def main(arguments: list[str] | None = None) -> None:
    options = parse_arguments(arguments)
    results = []
    for seed in range(options.seeds):
        results.append(run(seed, options))
        print(f"seed {seed}: held-out accuracy {results[-1][0]:.2%} plain, {results[-1][1]:.2%} averaged", flush=True)
    plain, averaged = (statistics.mean(column) for column in zip(*results, strict=True))
    print(f"mean of {options.seeds}: held-out accuracy {plain:.2%} plain, {averaged:.2%} averaged")


if __name__ == "__main__":
    main()
