"""The recurrences of RNN, LSTM and GRU: one layer, one direction, all steps of time in one step of the tape.

What the input contributes, ``inputs[t] = W_ih x_t + b_ih``, is the same matrix product for every t and is done before,
in one piece; here is the rest, which has to go step by step. Symbols: T steps, N sequences, H hidden units; ``inputs``
has shape (T, N, G H), where G is the number of gates (1, 4 and 3), the hidden states (N, H), ``weight`` (G H, H) and
``bias`` (G H,).

Backward goes through time once, in the other direction. It computes the gradient of what goes into the gates; those of
the weights follow for all t at once. The rules are made of operations on whole arrays, so they serve every order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.table import derivative
from ...autograd.tape import primitive
from .linear import affine_rows, rows, sum_of_rows


def _before(first: Any, states: Any) -> Any:
    """The state that each step starts from."""
    return np.concatenate((np.expand_dims(first, 0), states[:-1]))


def _halves(scale: Sequence[float], like: Any) -> Any:
    """``scale``, one number for each gate, repeated for the H units of a gate."""
    return np.repeat(np.array(scale, like.dtype), like.shape[-1] // len(scale))


def _squashed(x: Any, scale: Any) -> Any:
    """tanh where ``scale`` is 1, and where it is 1/2 sigmoid, which is 1/2 tanh(x/2) + 1/2: one call for all gates."""
    return np.tanh(x * scale) * scale + (1 - scale)


def _gates(x: Any, count: int) -> list[Any]:
    n = x.shape[-1] // count
    return [x[..., i * n : (i + 1) * n] for i in range(count)]


def _turned(weight: Any, steps: int) -> Any:
    """W^T; where it is used often, in memory of its own, since BLAS is then several times quicker."""
    return weight.T if steps < 4 else np.ascontiguousarray(weight.T)


def _weights(d_gates: Any, before: Any, bias: Any) -> tuple[Any, Any]:
    """The gradients of ``weight`` and ``bias`` from those of the sums that went into the gates."""
    flat = rows(d_gates)
    return flat.T @ rows(before), None if bias is None else sum_of_rows(flat)


# -- RNN ----------------------------------------------------------------------------------------


@primitive
def rnn(inputs: Any, h0: Any, weight: Any, bias: Any = None, relu: bool = False) -> Any:
    """h_t = tanh(inputs_t + W h_{t-1} + b), or max(.., 0): the hidden states of all steps, shape (T, N, H)."""
    drive = inputs if bias is None else inputs + bias
    turned = _turned(weight, len(inputs))
    out = np.empty_like(drive)
    h = h0
    for t in range(len(drive)):
        x = h @ turned
        x += drive[t]
        h = np.maximum(x, 0, out=out[t]) if relu else np.tanh(x, out=out[t])
    return out


def _rnn_rule(
    needs: Any, g: Any, out: Any, inputs: Any, h0: Any, weight: Any, bias: Any = None, relu: bool = False
) -> Any:
    slope = out > 0 if relu else 1 - out * out
    d_h = np.zeros(g.shape[1:], g.dtype)
    d_inputs: list[Any] = []
    for t in reversed(range(g.shape[0])):
        d_inputs.append((g[t] + d_h) * slope[t])
        d_h = d_inputs[-1] @ weight
    d_gates = np.stack(d_inputs[::-1])
    return d_gates, d_h, *_weights(d_gates, _before(h0, out), bias)


derivative(rnn, joint=_rnn_rule, name="Rnn")

# -- LSTM ---------------------------------------------------------------------------------------

_LSTM_SCALE = (0.5, 0.5, 1.0, 0.5)  # input gate, forget gate, candidate, output gate


@primitive
def lstm(inputs: Any, h0: Any, c0: Any, weight: Any, bias: Any = None) -> Any:
    """Hidden and cell states of all steps, shape (2, T, N, H), of

    i, f, o = sigmoid(inputs_t + W h_{t-1} + b), n = tanh(the same);  c_t = f c_{t-1} + i n;  h_t = o tanh(c_t).
    """
    drive = inputs if bias is None else inputs + bias
    turned = _turned(weight, len(inputs))
    scale = _halves(_LSTM_SCALE, drive)
    gates = np.empty_like(drive)
    out = np.empty((2, *drive.shape[:-1], h0.shape[-1]), drive.dtype)
    h, c = h0, c0
    for t in range(len(drive)):
        x = h @ turned
        x += drive[t]
        gates[t] = _squashed(x, scale)
        i, f, n, o = _gates(gates[t], 4)
        c = np.add(f * c, i * n, out=out[1, t])
        h = np.multiply(o, np.tanh(c), out=out[0, t])
    return out, gates


def _lstm_rule(
    needs: Any, g: Any, out: Any, inputs: Any, h0: Any, c0: Any, weight: Any, bias: Any = None, saved: Any = None
) -> Any:
    h_before, c_before = _before(h0, out[0]), _before(c0, out[1])
    if saved is None:
        saved = _squashed(inputs + affine_rows(h_before, weight, bias), _halves(_LSTM_SCALE, inputs))
    i, f, n, o = _gates(saved, 4)
    tanh_c = np.tanh(out[1])
    c_to_h = o * (1 - tanh_c * tanh_c)
    i_to_c, f_to_c, n_to_c, o_to_h = n * i * (1 - i), c_before * f * (1 - f), i * (1 - n * n), tanh_c * o * (1 - o)
    d_h = d_c = np.zeros(g.shape[2:], g.dtype)
    d_gates: list[Any] = []
    for t in reversed(range(g.shape[1])):
        d_h = g[0, t] + d_h
        d_c = g[1, t] + d_c + d_h * c_to_h[t]
        d_gates.append(np.concatenate((d_c * i_to_c[t], d_c * f_to_c[t], d_c * n_to_c[t], d_h * o_to_h[t]), axis=-1))
        d_h = d_gates[-1] @ weight
        d_c = d_c * f[t]
    d_inputs = np.stack(d_gates[::-1])
    return d_inputs, d_h, d_c, *_weights(d_inputs, h_before, bias)


derivative(lstm, joint=_lstm_rule, fused=True, name="Lstm")

# -- GRU ----------------------------------------------------------------------------------------


@primitive
def gru(inputs: Any, h0: Any, weight: Any, bias: Any = None) -> Any:
    """The hidden states of all steps, shape (T, N, H). With a = W h_{t-1} + b and x = inputs_t,

    r = sigmoid(x_r + a_r), z = sigmoid(x_z + a_z), n = tanh(x_n + r a_n);  h_t = (1 - z) n + z h_{t-1}.
    """
    size = h0.shape[-1]
    turned = _turned(weight, len(inputs))
    gates = np.empty((*inputs.shape[:-1], 4 * size), inputs.dtype)  # r, z, n and a_n
    out = np.empty((*inputs.shape[:-1], size), inputs.dtype)
    h = h0
    for t in range(len(inputs)):
        x, a = inputs[t], h @ turned
        if bias is not None:
            a += bias
        gates[t, :, : 2 * size] = _squashed(x[:, : 2 * size] + a[:, : 2 * size], 0.5)
        gates[t, :, 3 * size :] = a[:, 2 * size :]
        r, z, n, a_n = _gates(gates[t], 4)
        np.tanh(x[:, 2 * size :] + r * a_n, out=n)
        h = np.add(n, z * (h - n), out=out[t])
    return out, gates


def _gru_gates(inputs: Any, before: Any, weight: Any, bias: Any) -> list[Any]:
    x, a = _gates(inputs, 3), _gates(affine_rows(before, weight, bias), 3)
    r, z = _squashed(x[0] + a[0], 0.5), _squashed(x[1] + a[1], 0.5)
    return [r, z, np.tanh(x[2] + r * a[2]), a[2]]


def _gru_rule(
    needs: Any, g: Any, out: Any, inputs: Any, h0: Any, weight: Any, bias: Any = None, saved: Any = None
) -> Any:
    before = _before(h0, out)
    r, z, n, a_n = _gru_gates(inputs, before, weight, bias) if saved is None else _gates(saved, 4)
    h_to_n, h_to_z = (1 - z) * (1 - n * n), (before - n) * z * (1 - z)
    n_to_r = a_n * r * (1 - r)
    d_h = np.zeros(g.shape[1:], g.dtype)
    d_inputs: list[Any] = []
    d_sums: list[Any] = []
    for t in reversed(range(g.shape[0])):
        d_h = g[t] + d_h
        d_n = d_h * h_to_n[t]
        d_r, d_z = d_n * n_to_r[t], d_h * h_to_z[t]
        d_inputs.append(np.concatenate((d_r, d_z, d_n), axis=-1))
        d_sums.append(np.concatenate((d_r, d_z, d_n * r[t]), axis=-1))
        d_h = d_h * z[t] + d_sums[-1] @ weight
    return np.stack(d_inputs[::-1]), d_h, *_weights(np.stack(d_sums[::-1]), before, bias)


derivative(gru, joint=_gru_rule, fused=True, name="Gru")
