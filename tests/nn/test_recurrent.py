"""RNN, LSTM, GRU and their cells, and sequences of different lengths, against PyTorch."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch_optim as mt
from minitorch_optim import nn
from minitorch_optim.nn.utils import rnn

oracle = runpy.run_path(str(Path(__file__).with_name("layer_oracle.py")))
compare, both, normal, flat = oracle["compare"], oracle["both"], oracle["normal"], oracle["flat"]

KINDS = ["RNN", "LSTM", "GRU"]
OPTIONS = [
    {}, {"bias": False}, {"num_layers": 2}, {"bidirectional": True}, {"batch_first": True},
    {"num_layers": 3, "bidirectional": True, "batch_first": True, "bias": False},
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", [(5, 2, 3), (5, 3), (1, 1, 3)])
def test_layers_are_pytorchs(kind: str, options: Any, shape: Any) -> None:
    compare(lambda nn: getattr(nn, kind)(3, 4, **options), normal(*shape))


@pytest.mark.parametrize("kind", KINDS)
def test_first_states(kind: str) -> None:
    """The first states get gradients, batched and not."""

    def prepare(x: Any, *states: Any) -> Any:
        return x, states if kind == "LSTM" else states[0]

    for lead in ((2,), ()):
        states = [normal(4, *lead, 4) for _ in range(2 if kind == "LSTM" else 1)]
        compare(
            lambda nn: getattr(nn, kind)(3, 4, 2, bidirectional=True), normal(5, *lead, 3), *states, prepare=prepare
        )


def test_relu_network() -> None:
    compare(lambda nn: nn.RNN(3, 4, 2, nonlinearity="relu"), normal(5, 2, 3))
    compare(lambda nn: nn.RNN(3, 4, 1, "relu"), normal(5, 3))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("train", [True, False])
def test_dropout_between_layers_drops_what_pytorch_drops(kind: str, train: bool) -> None:
    compare(lambda nn: getattr(nn, kind)(3, 4, 3, dropout=0.4), normal(5, 2, 3), train=train)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [(3, 4), (3, 4, False)])
@pytest.mark.parametrize("shape", [(2, 3), (3,)])
def test_cells_are_pytorchs(kind: str, options: Any, shape: Any) -> None:
    def prepare(x: Any, *states: Any) -> Any:
        return (x, states if kind == "LSTM" else states[0]) if states else (x,)

    states = [normal(*shape[:-1], 4) for _ in range(2 if kind == "LSTM" else 1)]
    compare(lambda nn: getattr(nn, kind + "Cell")(*options), normal(*shape))
    compare(lambda nn: getattr(nn, kind + "Cell")(*options), normal(*shape), *states, prepare=prepare)


def test_relu_cell() -> None:
    compare(lambda nn: nn.RNNCell(3, 4, nonlinearity="relu"), normal(2, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_its_cell_in_a_loop(kind: str) -> None:
    layer, cell = getattr(nn, kind)(3, 4), getattr(nn, kind + "Cell")(3, 4)
    for name, parameter in cell.named_parameters():
        parameter.data.copy_(getattr(layer, name + "_l0").data)
    x = mt.from_numpy(normal(6, 2, 3).astype(np.float32))
    state = None
    for t in range(6):
        state = cell(x[t], state)
    np.testing.assert_allclose(
        [s.detach().numpy() for s in flat(layer(x)[1])], [s.detach().numpy()[None] for s in flat(state)], rtol=1e-6
    )


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives(kind: str) -> None:
    from minitorch_optim.autograd.gradcheck import gradgradcheck

    mt.manual_seed(0)
    layer = getattr(nn, kind)(2, 2, bidirectional=True).double()
    x = mt.from_numpy(normal(3, 1, 2)).requires_grad_()
    weight = layer.weight_hh_l0
    assert gradgradcheck(lambda x, weight: layer(x)[0], (x, weight))


# -- sequences of different lengths


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
@pytest.mark.parametrize(("lengths", "ordered"), [([5, 3, 3, 1], True), ([2, 5, 1, 5], False)])
def test_packed_sequences(kind: str, options: Any, lengths: list[int], ordered: bool) -> None:
    torch = pytest.importorskip("torch")
    mine, theirs = both(lambda nn: getattr(nn, kind)(3, 4, **options))
    x = normal(5, 4, 3).astype(np.float32)
    found = []
    for layer, library in ((mine, mt), (theirs, torch)):
        tools = layer_tools(library)
        leaf = library.from_numpy(x).requires_grad_()
        packed = tools.pack_padded_sequence(leaf, library.tensor(lengths), enforce_sorted=ordered)
        output, last = layer(packed)
        padded, sizes = tools.pad_packed_sequence(output, padding_value=-7.0)
        (padded.sin().sum() + sum(s.cos().sum() for s in flat(last))).backward()
        found.append(
            [packed.data, packed.batch_sizes, output.data, padded, sizes, *flat(last), leaf.grad]
            + [p.grad for p in layer.parameters()]
        )
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-5, atol=2e-6)


def layer_tools(library: Any) -> Any:
    if library is mt:
        return rnn
    import torch.nn.utils.rnn as theirs

    return theirs


def test_first_states_of_packed_sequences_follow_their_sequences() -> None:
    layer = nn.GRU(3, 4)
    x, h0 = mt.from_numpy(normal(5, 3, 3).astype(np.float32)), mt.from_numpy(normal(1, 3, 4).astype(np.float32))
    lengths = [2, 5, 3]
    _, last = layer(rnn.pack_padded_sequence(x, lengths, enforce_sorted=False), h0)
    for i, n in enumerate(lengths):
        _, alone = layer(x[:n, i : i + 1], h0[:, i : i + 1])
        np.testing.assert_allclose(last[:, i : i + 1].detach().numpy(), alone.detach().numpy(), rtol=1e-5)


def test_dropout_of_packed_sequences_drops_what_pytorch_drops() -> None:
    torch = pytest.importorskip("torch")
    mine, theirs = both(lambda nn: nn.LSTM(3, 4, 2, dropout=0.5))
    x = normal(5, 2, 3).astype(np.float32)
    outputs = []
    for layer, library in ((mine, mt), (theirs, torch)):
        library.manual_seed(1)
        packed = layer_tools(library).pack_padded_sequence(library.from_numpy(x), [5, 2])
        outputs.append(layer(packed)[0].data.detach().numpy())
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=2e-5, atol=2e-6)


def test_padding_and_packing_by_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for library in (mt, torch):
        tools = layer_tools(library)
        parts = [library.arange(float(n * 2)).reshape(n, 2) for n in (1, 3, 2)]
        found = [
            tools.pad_sequence(parts),
            tools.pad_sequence(parts, batch_first=True, padding_value=-1.0),
            tools.pad_sequence(parts, padding_side="left"),
            *tools.unpad_sequence(tools.pad_sequence(parts), library.tensor([1, 3, 2])),
            *tools.pack_sequence(parts, enforce_sorted=False),
            *tools.unpack_sequence(tools.pack_sequence(parts, enforce_sorted=False)),
            *tools.pad_packed_sequence(tools.pack_sequence(parts[1:]), batch_first=True, total_length=5),
        ]
        values = [t.tolist() for t in found]
        if library is mt:
            ours = values
    assert ours == values


# -- errors


def test_shapes_are_checked_in_pytorchs_words() -> None:
    layer, gru = nn.LSTM(3, 4, 2, bidirectional=True), nn.GRU(3, 4)
    z = mt.zeros
    for call, kind, message in (
        (lambda: layer(z(2)), ValueError, "LSTM: Expected input to be 2D or 3D, got 1D instead"),
        (lambda: layer(z(2, 3, 4)), RuntimeError, r"input.size\(-1\) must be equal to input_size. Expected 3, got 4"),
        (lambda: layer(z(2, 3, 3), (z(2), z(2))), RuntimeError, "For batched 3-D input, hx and cx should also be 3-D"),
        (lambda: layer(z(2, 3), (z(4, 3, 4), z(4, 3, 4))), RuntimeError, "For unbatched 2-D input, hx and cx should"),
        (lambda: layer(z(2, 3, 3), (z(2, 3, 4), z(2, 3, 4))), RuntimeError, r"hidden\[0\] size \(4, 3, 4\), got \[2,"),
        (lambda: layer(z(2, 3, 3), (z(4, 3, 4), z(4, 3, 5))), RuntimeError, r"hidden\[1\] size \(4, 3, 4\), got"),
        (lambda: gru(z(2, 5, 3), z(1, 4)), RuntimeError, "For batched 3-D input, hx should also be 3-D but got 2-D"),
        (lambda: gru(z(2, 5, 3), z(1, 2, 4)), RuntimeError, r"Expected hidden size \(1, 5, 4\), got \[1, 2, 4\]"),
        (lambda: gru(z(0, 5, 3)), RuntimeError, "Expected sequence length to be larger than 0"),
        (lambda: gru(z(2, 5, 3).double()), ValueError, r"\(torch.float64\) does not match weight dtype"),
        (lambda: nn.LSTMCell(3, 4)(z(2, 3, 3)), ValueError, "LSTMCell: Expected input to be 1D or 2D, got 3D instead"),
        (lambda: nn.GRUCell(3, 4)(z(2, 4)), RuntimeError, "inconsistent input_size: got 4 expected 3"),
        (lambda: nn.GRUCell(3, 4)(z(2, 3), z(3, 4)), RuntimeError, "batch size 2 doesn't match hidden0 batch size 3"),
        (lambda: nn.GRUCell(3, 4)(z(2, 3), z(2, 5)), RuntimeError, "hidden0 has inconsistent hidden_size: got 5"),
        (lambda: nn.RNN(3, 4, nonlinearity="sin"), ValueError, "Unknown nonlinearity 'sin'"),
        (lambda: nn.RNNCell(3, 4, nonlinearity="sin"), RuntimeError, "Unknown nonlinearity: sin"),
        (lambda: nn.GRU(3, 0), ValueError, "hidden_size must be greater than zero"),
        (lambda: nn.GRU(3, 4, 0), ValueError, "num_layers must be greater than zero"),
        (lambda: nn.GRU(3, 4.0), TypeError, "hidden_size should be of type int, got: float"),
        (lambda: nn.GRU(3, 4, 2, dropout=2), ValueError, r"dropout should be a number in range \[0, 1\]"),
        (lambda: rnn.pad_sequence([]), RuntimeError, "received an empty list of sequences"),
        (lambda: rnn.pack_padded_sequence(z(3, 2), [2, 3]), RuntimeError, "must be sorted in decreasing order"),
        (lambda: rnn.pack_padded_sequence(z(3, 2), [3, 0]), RuntimeError, "has to be greater than 0"),
        (lambda: rnn.pack_padded_sequence(z(3, 2), [3]), RuntimeError, r"Expected `len\(lengths\)` to be equal to"),
        (lambda: rnn.pack_padded_sequence(z(3, 2), [4, 2]), RuntimeError, "a length is 4, and the input has 3 steps"),
    ):
        with pytest.raises(kind, match=message):
            call()


def test_dropout_behind_the_only_layer_warns() -> None:
    with pytest.warns(UserWarning, match="non-zero dropout expects num_layers greater than 1, but got dropout=0.5"):
        nn.LSTM(3, 4, dropout=0.5)


def test_weights_are_listed() -> None:
    layer = nn.LSTM(3, 4, 2, bidirectional=True)
    assert [w.shape for w in layer.all_weights[1]] == [(16, 3), (16, 4), (16,), (16,)]
    assert layer.all_weights[2][0] is layer.weight_ih_l1 and layer.weight_ih_l1.shape == (16, 8)
    assert layer.flatten_parameters() is None and layer.mode == "LSTM"
