"""Sequences of different lengths in one tensor: padded with zeros, or packed without gaps.

T steps of time, N sequences, ``*`` what belongs to one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...autograd.ops.creation import full
from ...autograd.ops.joining import cat, stack
from ...autograd.tensor import Tensor, array_of, new_tensor
from .. import functional as F

__all__ = [
    "PackedSequence", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence", "unpack_sequence",
    "unpad_sequence",
]  # fmt: skip


class PackedSequence(NamedTuple):
    """Sequences without padding: the first steps of all, then the second steps of all that have one, and so on.

    Attributes
    ----------
    data : Tensor, shape (sum of the lengths, *)
    batch_sizes : Tensor of int64, shape (T,)
        how many sequences have this step; they are ordered by length, the longest first
    sorted_indices, unsorted_indices : Tensor of int64, shape (N,), or None
        where each came from, and where each has gone
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """With ``data`` in another dtype: arguments as of ``Tensor.to``."""
        return self._replace(data=self.data.to(*args, **kwargs))


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences of different lengths in one tensor, the shorter ones filled up.

    Parameters
    ----------
    sequences : tensors of shape (length, *)
    batch_first : bool
        shape (N, T, *) instead of (T, N, *)
    padding_value : float
        what to fill up with (default 0)
    padding_side : str
        ``"right"``, after the end, or ``"left"``

    >>> from minitorch_optim.autograd import tensor
    >>> pad_sequence([tensor([1, 2, 3]), tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise ValueError(f"padding_side should be one of ('left', 'right'), got {padding_side!r}")
    longest = max(len(sequence) for sequence in sequences)
    rows = []
    for sequence in sequences:
        gap = full((longest - len(sequence), *sequence.shape[1:]), padding_value, dtype=sequence.dtype)
        rows.append(cat([sequence, gap] if padding_side == "right" else [gap, sequence]))
    return stack(rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences again: the opposite of :func:`pad_sequence`."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [row[:n] for row, n in zip(padded_sequences, np.asarray(array_of(lengths)).tolist(), strict=True)]


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Leave the padding out.

    Parameters
    ----------
    input : Tensor, shape (T, N, *), with ``batch_first`` (N, T, *)
    lengths : Tensor or list of int, shape (N,)
    enforce_sorted : bool
        the longest come first already, else raise; False sorts them, and pad_packed_sequence restores the order
    """
    sizes = np.asarray(array_of(lengths), np.int64)
    padded = input.transpose(0, 1) if batch_first else input
    if sizes.shape != (padded.shape[1],):
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {sizes.size} (batch_size={padded.shape[1]})"
        )
    if (sizes <= 0).any():
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if sizes.max() > padded.shape[0]:
        raise RuntimeError(f"a length is {sizes.max()}, and the input has {padded.shape[0]} steps of time")
    order = unorder = None
    if not enforce_sorted:
        order = np.argsort(-sizes, kind="stable")
        unorder = np.argsort(order)
        sizes, padded = sizes[order], padded[:, order]
    elif (np.diff(sizes) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement."
        )
    present = np.arange(sizes.max())[:, None] < sizes
    return PackedSequence(
        padded[np.nonzero(present)],
        new_tensor(present.sum(1)),
        None if order is None else new_tensor(order),
        None if unorder is None else new_tensor(unorder),
    )


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack tensors of shape (length, *).

    >>> from minitorch_optim.autograd import tensor
    >>> pack_sequence([tensor([1, 2, 3]), tensor([4, 5])]).data
    tensor([1, 4, 2, 5, 3])
    """
    return pack_padded_sequence(pad_sequence(sequences), [len(s) for s in sequences], enforce_sorted=enforce_sorted)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """A padded tensor, and the lengths: the opposite of :func:`pack_padded_sequence`.

    Returns
    -------
    Tensor, shape (T, N, *), with ``batch_first`` (N, T, *)
        T is ``total_length`` if given, else the greatest length
    Tensor of int64, shape (N,)
    """
    packing = Packing(sequence, padding_value)
    padded, longest = packing.padded, packing.padded.shape[0]
    if total_length is not None:
        if total_length < longest:
            raise ValueError(
                f"Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {longest}"
            )
        rest = (total_length - longest, *padded.shape[1:])
        padded = cat([padded, full(rest, padding_value, dtype=padded.dtype)])
    padded, lengths = packing.unsorted(padded), packing.lengths
    if sequence.unsorted_indices is not None:
        lengths = lengths[sequence.unsorted_indices._array]
    return padded.transpose(0, 1) if batch_first else padded, new_tensor(lengths)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences again: the opposite of :func:`pack_sequence`."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences))


class Packing:
    """A packed sequence laid out as a padded tensor, and where everything is in it.

    A network may compute the padding along with the rest: what comes after the end of a sequence cannot change what
    was before, and is left out again.
    """

    def __init__(self, sequence: PackedSequence, padding_value: float = 0.0) -> None:
        self.sequence = sequence
        sizes = sequence.batch_sizes._array
        steps, count = len(sizes), int(sizes[0])
        self.present = np.arange(count) < sizes[:, None]  # (T, N): whether the sequence has this step
        self.lengths = self.present.sum(0)
        self._places = np.nonzero(self.present)
        # Where in `data` each step is; for the padding, an added last row.
        rows = np.full((steps, count), len(sequence.data))
        rows[self._places] = np.arange(len(sequence.data))
        gap = full((1, *sequence.data.shape[1:]), padding_value, dtype=sequence.data.dtype)
        self.padded: Tensor = cat([sequence.data, gap])[rows]
        t = np.arange(steps)[:, None]
        each = np.arange(count)
        self.last_steps = (self.lengths - 1, each)
        self.backwards = (np.where(self.present, self.lengths - 1 - t, t), np.broadcast_to(each, (steps, count)))

    def packed(self, padded: Tensor) -> PackedSequence:
        """``padded`` without its padding, in the order of the sequence this was made from."""
        return self.sequence._replace(data=padded[self._places])

    def dropout(self, padded: Tensor, p: float) -> Tensor:
        """Dropout of the steps that are there: one random number for each, as in the packed sequence."""
        return Packing(self.sequence._replace(data=F.dropout(padded[self._places], p))).padded

    def sorted(self, state: Tensor) -> Tensor:
        """A state of shape (.., N, H) in the order of the packed sequences."""
        order = self.sequence.sorted_indices
        return state if order is None else state[:, order._array]

    def unsorted(self, state: Tensor) -> Tensor:
        """A tensor of shape (.., N, ..), whose dimension 1 is the batch, in the order before packing."""
        order = self.sequence.unsorted_indices
        return state if order is None else state[:, order._array]
