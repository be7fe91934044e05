"""Train a multilayer perceptron with batch normalisation on real handwritten digits.

The data are 1,797 images of 8x8 pixels (UCI, shipped with the library). A fifth is held out, never trained on, and
tells at the end how well the network reads digits that it has not seen.

    python examples/train_digits.py
    python examples/train_digits.py --optimizer SGD --lr 0.1 --epochs 40 --plot curve.png
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

# The matrices are small: a second BLAS thread would cost more in waiting than it saves. To be said before NumPy loads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from tqdm import tqdm

import minitorch_optim as torch
from minitorch_optim import nn, optim
from minitorch_optim.datasets import load_digits
from minitorch_optim.utils.data import DataLoader, TensorDataset, random_split

OPTIMIZERS = {  # the learning rate at which each does well here
    "Adam": (optim.Adam, 3e-3),
    "AdamW": (optim.AdamW, 3e-3),
    "SGD": (lambda params, lr: optim.SGD(params, lr=lr, momentum=0.9, nesterov=True), 5e-2),
}


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
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="Adam", help="which optimizer trains")
    parser.add_argument("--lr", type=positive(float), help="largest learning rate (None: what suits the optimizer)")
    parser.add_argument("--epochs", type=positive(int), default=30, help="passes over the training set")
    parser.add_argument("--batch-size", type=positive(int), default=64, help="images in a batch")
    parser.add_argument("--seed", type=int, default=0, help="fixes the split, the weights and the batches")
    parser.add_argument("--plot", type=Path, default=Path("learning_curve.png"), help="where the learning curve goes")
    options = parser.parse_args(arguments)
    if not options.plot.parent.is_dir():
        parser.error(f"argument --plot: the folder {str(options.plot.parent)!r} does not exist")
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
def evaluate(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Loss and the share of images that are read rightly."""
    model.eval()
    scores = model(images)
    return nn.functional.cross_entropy(scores, labels).item(), (scores.argmax(1) == labels).float().mean().item()


def train(options: argparse.Namespace) -> tuple[nn.Module, list[tuple[float, float, float]], float]:
    """Train; give the model, (training loss, held-out loss, held-out accuracy) of each epoch, the last accuracy."""
    torch.manual_seed(options.seed)
    images, labels = load_digits()
    images = images / 16  # grey values from 0 to 1
    n_held_out = len(images) // 5
    training, held_out = random_split(TensorDataset(images, labels), [len(images) - n_held_out, n_held_out])
    held_out_images, held_out_labels = images[held_out.indices], labels[held_out.indices]
    size = min(options.batch_size, len(training))
    loader = DataLoader(training, batch_size=size, shuffle=True, drop_last=True)

    model = make_model()
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    construct, usual_lr = OPTIMIZERS[options.optimizer]
    peak = options.lr or usual_lr
    optimizer = construct(model.parameters(), lr=peak)

    history = []
    steps, step = options.epochs * len(loader), 0
    with tqdm(total=steps, unit="batch", disable=None if sys.stderr.isatty() else False, mininterval=0.2) as bar:
        for epoch in range(options.epochs):
            model.train()
            total = 0.0
            for inputs, targets in loader:
                warmup = min(1.0, (step + 1) / (0.1 * steps))
                for group in optimizer.param_groups:  # a short warmup, then a cosine down to nothing
                    group["lr"] = peak * warmup * (1 + math.cos(math.pi * step / steps)) / 2
                optimizer.zero_grad()
                loss = loss_fn(model(inputs), targets)
                loss.backward()
                optimizer.step()
                total += loss.item()
                step += 1
                bar.update()
            held_out_loss, accuracy = evaluate(model, held_out_images, held_out_labels)
            history.append((total / len(loader), held_out_loss, accuracy))
            bar.set_postfix(
                epoch=f"{epoch + 1}/{options.epochs}",
                loss=f"{history[-1][0]:.3f}",
                accuracy=f"{accuracy:.2%}",
                lr=f"{optimizer.param_groups[0]['lr']:.1e}",
            )
    return model, history, accuracy


def draw(history: list[tuple[float, float, float]], path: Path) -> str:
    """Draw the learning curve; say where it is, or why it is not there."""
    try:
        import matplotlib
    except ImportError:
        return "no learning curve: it needs matplotlib (pip install 'minitorch_optim[plot]')"
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    training, held_out, accuracy = zip(*history, strict=True)
    epochs = range(1, len(history) + 1)
    left.plot(epochs, training, label="training")
    left.plot(epochs, held_out, label="held out")
    left.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    left.legend()
    right.plot(epochs, [100 * a for a in accuracy], color="C1")
    right.set(xlabel="epoch", ylabel="held-out accuracy (%)")
    figure.savefig(path, dpi=120)
    return f"learning curve: {path.resolve()}"


def main(arguments: list[str] | None = None) -> None:
    options = parse_arguments(arguments)
    _, history, accuracy = train(options)
    training, held_out, _ = history[-1]
    print(f"training loss {training:.4f}, held-out loss {held_out:.4f}, held-out accuracy {accuracy:.2%}")
    print(draw(history, options.plot))


if __name__ == "__main__":
    main()
