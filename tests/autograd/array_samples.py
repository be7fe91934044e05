"""Sample inputs for the rows of indexing, linear algebra, reductions and changes of shape; see ``kit.py``."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np

from minitorch_optim.autograd.derivatives import indexing, linalg, reductions, shapes
from minitorch_optim.autograd.ops import sparse
from minitorch_optim.autograd.tape import apply

kit = runpy.run_path(str(Path(__file__).with_name("kit.py")))
Sample, sample, real, imaginary, regular = (kit[n] for n in ("Sample", "sample", "real", "imaginary", "regular"))

SAMPLES: dict[Any, list[Any]] = {}

# -- indexing

INDICES = [
    1,
    -1,
    (1, 2),
    (1, 2, ...),
    slice(1, None),
    slice(None, None, -1),
    (slice(None), slice(None, None, 2)),
    (None, 0, ..., None),
    ...,
    (),
    np.array([2, 0, 2]),
    np.array([[0, -1], [1, 1]]),
    np.array(1),
    (slice(None), np.array([1, 1, 0])),
    (np.array([0, 2, 0]), np.array([1, 1, 1])),
    (np.array([[0], [2]]), np.array([0, 3])),
    (np.array([0, 2]), slice(1, 3)),
    (0, np.array([3, 3])),
    (None, np.array([0, 0]), None),
    np.array([True, False, True]),
    np.arange(12).reshape(3, 4) % 3 == 0,
    (slice(None), np.array([True, False, False, True])),
    np.zeros((3, 4), bool),
    np.array([], dtype=np.int64),
]


def _picked(index: Any) -> Any:
    return real(*np.zeros((3, 4))[index].shape)


# Where an element is picked twice, which value an assignment leaves there is not defined: those are left out.
_ONCE = [i for i in INDICES if np.unique(np.arange(12).reshape(3, 4)[i]).size == np.arange(12).reshape(3, 4)[i].size]

SAMPLES |= {
    indexing.getitem: [sample(real(3, 4), i) for i in INDICES] + [sample(imaginary(3, 4), INDICES[13])],
    indexing.putitem: [sample(_picked(i), i, (3, 4)) for i in INDICES] + [sample(imaginary(3), 1, (2, 3))],
    indexing.assign: [sample(real(3, 4), _picked(i), i) for i in _ONCE]
    + [
        sample(real(3, 4), real(), 1),
        sample(real(3, 4), real(4), slice(1, None)),
        sample(real(3, 4), real(2, 1), slice(0, 2)),
        sample(real(3, 4), real(1, 1, 4), slice(1, None)),
        sample(real(4), real(1, 1), (2, ...)),
        sample(imaginary(3), imaginary(2), slice(1, None)),
    ],
    indexing.gather: [
        sample(real(3, 4), np.array([[0, 2, 2, 1], [0, 0, 1, 1]]), 0),
        sample(real(3, 4), np.array([[3], [0]]), 1),
        sample(real(2, 2, 3), np.array([[[2, 0], [1, 1]]]), 2),
        sample(real(4), np.array([3, 3, 0]), 0),
        sample(imaginary(2, 2), np.array([[1, 0]]), 0),
    ],
    indexing.scatter_add: [
        sample(real(3, 4), real(2, 4), np.array([[0, 2, 2, 1], [0, 0, 1, 1]]), 0),
        sample(real(3, 4), real(3, 4), np.array([[3, 3], [0, 1]]), 1),  # only a corner of the source is used
        sample(real(4), real(3), np.array([3, 3, 0]), 0),
        sample(imaginary(2, 2), imaginary(1, 2), np.array([[1, 0]]), 0),
    ],
}

# -- linear algebra


def _projectors(x: Any) -> Any:
    """Of complex eigenvectors only this much is defined: a phase is free in each."""
    out = apply(linalg.eigh, x)
    return np.concatenate((out[:, :1], out[:, 1:2] * np.conjugate(out[:, 1:2].T)), axis=1)


SAMPLES |= {
    np.matmul: [
        sample(real(2, 3), real(3, 2)),
        sample(real(3), real(3)),
        sample(real(3), real(3, 2)),
        sample(real(2, 3), real(3)),
        sample(real(2, 2, 3), real(3, 2)),
        sample(real(2, 3), real(2, 3, 1)),
        sample(real(2, 1, 1, 2), real(2, 2, 1)),
        sample(real(3), real(2, 3, 1)),
        sample(real(2, 1, 3), real(3)),
        sample(real(0, 2), real(2, 3)),
        sample(imaginary(2, 2), imaginary(2, 1)),
        sample(imaginary(1, 2), real(2)),
    ],
    linalg.einsum: [
        sample(real(2, 3), real(3, 2), spec="ij,jk->ik"),
        sample(real(2, 3), spec="ij->ji"),
        sample(real(3, 3), spec="ii->i"),
        sample(real(3, 3), spec="ii->"),
        sample(real(2, 2, 2), spec="iji->j"),
        sample(real(2, 3), spec="ij->j"),
        sample(real(2), real(3), spec="i,j->ij"),
        sample(real(2, 2, 3), real(2, 3, 1), spec="bij,bjk->bik"),
        sample(real(2, 3), real(2, 3), spec="ij,ij->"),
        sample(real(2, 3), real(2), spec="ij,k->i"),
        sample(real(2), real(2, 3), real(3), spec="i,ij,j->"),
        sample(imaginary(2, 2), real(2), spec="ij,j->i"),
    ],
    np.linalg.inv: [sample(regular(3, 3)), sample(regular(2, 2, 2)), sample(regular(2, 2) + 0.3j * real(2, 2))],
    np.linalg.det: [sample(regular(3, 3)), sample(regular(2, 2, 2)), sample(regular(2, 2) + 0.3j * real(2, 2))],
    np.linalg.solve: [
        sample(regular(3, 3), real(3)),
        sample(regular(2, 2), real(2, 3)),
        sample(regular(2, 2, 2), real(2, 2, 1)),
        sample(regular(2, 2, 2), real(2, 1)),
        sample(regular(2, 2), real(2, 2, 1)),
        sample(regular(2, 2, 2), real(2)),
        sample(regular(2, 2) + 0.3j * real(2, 2), imaginary(2)),
    ],
    linalg.norm: [
        sample(real(2, 3), 2.0),
        sample(real(2, 3), 2.0, axis=0),
        sample(real(2, 3), 2.0, axis=(0, 1), keepdims=True),
        sample(real(2, 3), 1.0, axis=-1, keepdims=True),
        sample(real(2, 3), 3.0, axis=1),
        sample(real(2, 3), 0.5),
        sample(real(), 2.0),
        sample(imaginary(2, 2), 2.0, axis=0),
        sample(imaginary(2), 3.0),
    ],
    linalg.log_abs_det: [sample(regular(3, 3)), sample(regular(2, 2, 2)), sample(regular(2, 2) + 0.3j * real(2, 2))],
    linalg.pinv: [
        sample(real(2, 3), 1e-15),
        sample(real(3, 2), 1e-15),
        sample(regular(2, 2, 2), 1e-15),
        sample(imaginary(3, 2), 1e-15),
    ],
    linalg.cholesky: [sample(regular(3, 3)), sample(regular(2, 2, 2)), sample(regular(2, 2) + 0.3j * real(2, 2))],
    linalg.eigh: [
        sample(regular(3, 3)),
        sample(regular(2, 2, 2)),
        Sample((regular(2, 2) + 0.3j * real(2, 2),), {}, _projectors),
    ],
}

# -- reductions


def _reduced(*also_axes: Any) -> list[Any]:
    return [
        sample(real(2, 3)),
        sample(real()),
        sample(real(2, 3), axis=1),
        sample(real(2, 3), axis=-2, keepdims=True),
        sample(real(2, 2), axis=None, keepdims=True),
        *(sample(real(2, 3, 2), axis=axes) for axes in also_axes),
        sample(real(2, 1, 2), axis=1),
    ]


def _some(**options: Any) -> list[Any]:
    """Reductions of more than one number."""
    return [
        sample(real(2, 3), **options),
        sample(real(2, 3), axis=1, **options),
        sample(real(2, 3), axis=-2, keepdims=True, **options),
    ]


_SEVERAL = ((0, 2), (-1, 0), ())
_ZEROS = np.array([[0.0, 1.5, -0.7], [0.0, 2.0, 0.0], [0.5, 1.0, 2.0]])

SAMPLES |= {
    np.sum: [*_reduced(*_SEVERAL), sample(imaginary(2, 2), axis=0), sample(real(0, 2)), sample(real(0, 2), axis=0)],
    np.mean: [*_reduced((0, 2), (-1, 0)), sample(imaginary(2, 2), axis=0)],
    reductions.variance: [
        *_some(correction=1),
        *_some(correction=0),
        sample(real(4), correction=0.5),
        sample(real(2, 3, 2), axis=(0, 2)),
        sample(imaginary(3), axis=0),
    ],
    reductions.deviation: [
        *_some(correction=1),
        *_some(correction=0),
        sample(real(2, 3, 2), axis=(0, 2)),
        sample(imaginary(3), axis=0),
    ],
    np.prod: [*_reduced(), sample(_ZEROS), sample(_ZEROS, axis=1), sample(_ZEROS, axis=0), sample(imaginary(3))],
    np.max: _reduced((0, 2), (-1, 0)),
    np.min: _reduced((0, 2), (-1, 0)),
    reductions.logsumexp: [
        *_reduced((0, 2), (-1, 0)),
        sample(np.array([900.0, 900.5, -900.0]), axis=0),
    ],
    reductions.softmax: [
        sample(real(2, 3), 1),
        sample(real(2, 3), 0),
        sample(real(3), -1),
        sample(real(), -1),
        sample(real(3) + 900.0, 0),
    ],
    reductions.log_softmax: [
        sample(real(2, 3), 1),
        sample(real(2, 3), 0),
        sample(real(3), -1),
        sample(real(), -1),
        sample(real(3) - 900.0, 0),
    ],
    np.cumsum: [sample(real(2, 3), 0), sample(real(2, 3), axis=-1), sample(real(4), 0), sample(imaginary(3), 0)],
    np.cumprod: [
        sample(real(2, 3), 0),
        sample(real(2, 3), axis=-1),
        sample(_ZEROS, 1),
        sample(_ZEROS, 0),
        sample(imaginary(3), 0),
    ],
}

# -- shapes

SAMPLES |= {
    np.reshape: [
        sample(real(2, 3), (3, 2)),
        sample(real(2, 3), (-1,)),
        sample(real(2, 3), (1, -1, 2)),
        sample(real(1), ()),
    ],
    np.transpose: [
        sample(real(2, 3)),
        sample(real(2, 1, 3), (2, 0, 1)),
        sample(real(2, 1, 3), (-1, 0, -2)),
        sample(real(2, 3, 2), axes=(1, 2, 0)),
        sample(real()),
    ],
    np.swapaxes: [sample(real(2, 1, 3), 0, 2), sample(real(2, 3), -1, -2)],
    np.moveaxis: [sample(real(2, 1, 3), 0, -1), sample(real(2, 1, 3), (0, 1), (2, 0)), sample(real(2, 3), 1, 0)],
    np.squeeze: [
        sample(real(1, 2, 1)),
        sample(real(1, 2, 1), 0),
        sample(real(1, 2, 1), (0, -1)),
        sample(real(2), ()),
        sample(real(1)),
    ],
    np.expand_dims: [sample(real(2, 3), 1), sample(real(2), -1), sample(real(2), (0, 2)), sample(real(), 0)],
    np.broadcast_to: [
        sample(real(3), (2, 3)),
        sample(real(2, 1), (2, 3)),
        sample(real(), (2, 2)),
        sample(real(2), (2,)),
    ],
    np.flip: [sample(real(2, 3)), sample(real(2, 3), 1), sample(real(2, 3, 1), (0, -2))],
    np.roll: [sample(real(2, 3), 2), sample(real(2, 3), 1, 1), sample(real(2, 3), (1, -2), (0, 1))],
    np.tril: [sample(real(3, 3)), sample(real(2, 3), 1), sample(real(2, 3, 2), -1)],
    np.triu: [sample(real(3, 3)), sample(real(2, 3), 1), sample(real(2, 3, 2), -1)],
    np.tile: [sample(real(2), (3,)), sample(real(2, 2), (2,)), sample(real(2), (2, 1, 2)), sample(real(2, 1), (1, 3))],
    shapes.concatenate: [
        sample(real(2, 3), real(1, 3), axis=0),
        sample(real(2, 1), real(2, 2), real(2, 1), axis=-1),
        sample(real(2)),
        sample(imaginary(1), real(2)),
    ],
    shapes.stack: [
        sample(real(2, 3), real(2, 3), axis=0),
        sample(real(2), real(2), real(2), axis=-1),
        sample(real(), real()),
        sample(imaginary(2), real(2), axis=1),
    ],
    shapes.diagonal: [
        sample(real(3, 3), 0, 0, 1),
        sample(real(2, 3), 1, 0, 1),
        sample(real(3, 2, 2), -1, 0, 2),
        sample(imaginary(2, 2), 0, -2, -1),
    ],
    shapes.on_diagonal: [
        sample(real(3), (3, 3), 0, 0, 1),
        sample(real(2), (2, 3), 1, 0, 1),
        sample(real(2, 2), (3, 2, 2), -1, 0, 2),
    ],
    shapes.clone: [sample(real(2, 3)), sample(real()), sample(imaginary(2))],
    shapes.contiguous: [sample(real(2, 3)), sample(real())],
    shapes.replaced: [sample(real(2, 3), real(3)), sample(real(2, 3), real()), sample(imaginary(2), imaginary(2))],
}  # fmt: skip

# -- sparse tensors: from dense values to dense results

_REPEATED = np.array([[0, 2, 0]])
_PAIRS = np.array([[1, 0], [0, 2]])


def _through(*steps: Any) -> Any:
    """The steps one after the other, each with its constants."""

    def call(x: Any) -> Any:
        for primitive, *constants in steps:
            x = apply(primitive, x, *constants)
        return x

    return call


def _made_sparse(*steps: Any) -> list[Any]:
    """Values become sparse, in three shapes, and then take the steps."""
    return [
        Sample((real(3),), {}, _through((sparse.sparse, _REPEATED, (4,)), *steps)),
        Sample((real(2),), {}, _through((sparse.sparse, _PAIRS, (2, 3)), *steps)),
        Sample((real(3, 2),), {}, _through((sparse.sparse, _REPEATED, (4, 2)), *steps)),
    ]


SAMPLES |= {
    sparse.sparse: _made_sparse((sparse.to_dense,)),
    sparse.to_dense: _made_sparse((sparse.to_dense,)),
    sparse.coalesce: _made_sparse((sparse.coalesce,), (sparse.to_dense,)),
    sparse.values: _made_sparse((sparse.coalesce,), (sparse.values,)),
    sparse.to_sparse: [
        Sample((real(2, 3),), {}, _through((sparse.to_sparse,), (sparse.to_dense,))),
        Sample((real(2, 3),), {}, _through((sparse.to_sparse, 1), (sparse.to_dense,))),
    ],
    sparse.at: [sample(real(4), _REPEATED), sample(real(2, 3), _PAIRS), sample(real(4, 2), _REPEATED)],
}
