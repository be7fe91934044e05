"""Arrays as views of pieces of memory: what is one piece, what is in it, and what does not fit into one."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch_optim as mt
from minitorch_optim.serialization.memory import Pieces, dtype_from, view_of


def laid_out(arrays: list[Any]) -> list[Any]:
    pieces = Pieces(arrays)
    return [
        view_of(pieces.buffers[place.piece], array.dtype, place.offset, array.shape, place.strides)
        for array, place in zip(arrays, pieces.places, strict=True)
    ]


slices = st.builds(
    slice, st.none() | st.integers(0, 4), st.none() | st.integers(0, 5), st.sampled_from([1, 2, 3, -1, -2])
)


@given(st.lists(st.tuples(slices, slices, st.booleans()), min_size=1, max_size=6))
@settings(max_examples=200)
def test_views_of_one_array_overlap_afterwards_as_before(cuts: list[Any]) -> None:
    base = np.arange(30, dtype=np.int32).reshape(5, 6)
    arrays = [base[a, b].T if turned else base[a, b] for a, b, turned in cuts]
    again = laid_out(arrays)
    assert all(np.array_equal(x, y) for x, y in zip(arrays, again, strict=True))
    for i, (x, y) in enumerate(zip(arrays, again, strict=True)):
        x += 100
        y += 100
        for other, other_again in zip(arrays[i + 1 :], again[i + 1 :], strict=True):
            assert np.array_equal(other, other_again)


def test_views_of_another_dtype_and_empty_ones() -> None:
    base = np.arange(4.0)
    as_bytes = base.view(np.uint8)[8:24]
    x, y, z = laid_out([base, as_bytes, base[2:2]])
    y[:] = 0
    assert x.tolist() == [0.0, 0.0, 0.0, 3.0] and z.shape == (0,)


def test_what_lies_between_the_elements_is_not_written() -> None:
    secret = np.full(100, 7, np.uint8)
    for arrays in ([secret[::10]], [secret[:50:10], secret[20:80:10]], [secret[::-10]]):
        for i, a in enumerate(arrays):
            a[:] = i
        assert not any((buffer == 7).any() for buffer in Pieces(arrays).buffers)


def test_the_same_data_give_the_same_file() -> None:
    def saved(order: list[int]) -> bytes:
        made = dict.fromkeys(range(8))
        for i in order:  # at other addresses each time
            made[i] = mt.full((1000 + i,), float(i))
        file = io.BytesIO()
        mt.save(made, file)
        return file.getvalue()

    assert saved([0, 1, 2, 3, 4, 5, 6, 7]) == saved([5, 2, 7, 0, 1, 6, 3, 4])


@pytest.mark.parametrize(
    "offset, shape, strides",
    [
        (0, [5], [8]), (8, [4], [8]), (0, [4], [9]), (0, [2], [-8]), (-8, [1], [8]), (0, [-1], [8]), (0, [2, 2], [8]),
        (0, [2**63], [0]), (0, [2**31, 2**31, 2**31], [8, 8, 8]), (0, [True], [8]), (0, [1.0], [8]), (25, [], []),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(offset: Any, shape: Any, strides: Any) -> None:
    with pytest.raises((ValueError, OverflowError)):
        view_of(np.zeros(32, np.uint8), np.dtype("f8"), offset, shape, strides)


@pytest.mark.parametrize(
    "text", ["O", "|O", "f4", "<f4,<f4", "(3,)<f4", "|V8", "<f5", "<U0", "", None, 4, "<M8[xx]", "<U536870912"]
)
def test_other_dtypes_are_refused(text: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        dtype_from(text)
