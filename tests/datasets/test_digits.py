"""The digits as the data set's own description has them."""

from __future__ import annotations

import numpy as np

from minitorch_optim.datasets import load_digits


def test_shapes_types_and_values() -> None:
    images, labels = (t.numpy() for t in load_digits())
    assert images.shape == (1797, 64) and images.dtype == np.float32
    assert labels.shape == (1797,) and labels.dtype == np.int64
    assert images.min() == 0 and images.max() == 16 and np.array_equal(images, images.round())
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_first_and_last_rows_are_those_of_the_file() -> None:
    images, labels = (t.numpy() for t in load_digits())
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert images[0, :8].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert images[-1, -8:].tolist() == [0, 1, 8, 12, 14, 12, 1, 0]
    assert labels[-3:].tolist() == [8, 9, 8]


def test_pixels_tell_the_digits_apart() -> None:
    # Nearest mean of the other half: far above the 10 % of a mismatch between images and labels.
    images, labels = (t.numpy() for t in load_digits())
    means = np.stack([images[::2][labels[::2] == digit].mean(0) for digit in range(10)])
    nearest = ((images[1::2, None] - means) ** 2).sum(-1).argmin(-1)
    assert (nearest == labels[1::2]).mean() > 0.88


def test_each_call_has_its_own_memory() -> None:
    images, labels = load_digits()
    images.numpy()[:] = -1
    labels.numpy()[:] = -1
    again, its_labels = load_digits()
    assert again.numpy().min() == 0 and its_labels.numpy().min() == 0
