"""Real data that comes with the library, so that a first training run needs no download."""

from __future__ import annotations

import gzip
from importlib.resources import files

import numpy as np

from ..autograd import Tensor, from_numpy

__all__ = ["load_digits"]


def load_digits() -> tuple[Tensor, Tensor]:
    """Load 1,797 handwritten digits: the test set of the UCI Optical Recognition of Handwritten Digits.

    Every call reads the file again (about 10 ms) and returns tensors of its own, which the caller may change.

    Returns
    -------
    images : Tensor, shape=(1797, 64), float32
        The pixels of each 8x8 image, row by row, as they are in the file: whole numbers from 0 (paper) to 16 (ink).
        Divide by 16 for values in 0..1, ``images.reshape(-1, 1, 8, 8)`` for convolutions.
    labels : Tensor, shape=(1797,), int64
        The digit that each image shows, 0..9; each digit occurs 174 to 183 times. Thirteen people wrote them, and
        their images lie together in the file: shuffle before splitting.

    Examples
    --------
    >>> from minitorch_optim.datasets import load_digits
    >>> images, labels = load_digits()
    >>> images.numpy().shape, images.numpy().dtype.name, labels.numpy().shape, labels.numpy().dtype.name
    ((1797, 64), 'float32', (1797,), 'int64')

    A nought, drawn with a mark for every pixel with ink on more than half of it:

    >>> print(*("".join("-#"[int(ink > 8)] for ink in row) for row in images[0].numpy().reshape(8, 8)), sep="\\n")
    ---##---
    --####--
    --#--#--
    --#-----
    -----#--
    --#--#--
    --#-##--
    ---##---

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998,
    https://doi.org/10.24432/C50P49, licensed under CC BY 4.0. The file is the one that scikit-learn ships.
    """
    packed = files(__package__).joinpath("digits.csv.gz").read_bytes()
    table = np.loadtxt(gzip.decompress(packed).decode("ascii").splitlines(), delimiter=",", dtype=np.int64)
    return from_numpy(table[:, :-1].astype(np.float32)), from_numpy(table[:, -1].copy())
