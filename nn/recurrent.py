"""Recurrent networks over whole sequences: RNN, LSTM and GRU.

Symbols: T steps of time, N sequences in a batch, K = ``input_size``, H = ``hidden_size``, L = ``num_layers``, D = 2 if
``bidirectional``, else 1.
"""

from __future__ import annotations

import math
from typing import Any

from ..autograd.hints import hint
from ..autograd.ops.creation import zeros
from ..autograd.ops.joining import cat, stack
from ..autograd.tape import apply
from ..autograd.tensor import Tensor
from . import functional as F
from . import init
from .functional import recurrent
from .module import Module
from .parameter import empty_parameter
from .utils.rnn import PackedSequence, Packing

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]


class RNNBase(Module):
    """What the three have in common: layers on layers, directions, dropout between, and the shapes of everything.

    A subclass says how many ``gates`` and which ``states`` it has, and runs one layer in one direction.
    """

    gates = 1
    states: tuple[str, ...] = ("hx",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
            raise ValueError(
                f"dropout should be a number in range [0, 1] representing the probability of an element being zeroed, "
                f"got {dropout!r}"
            )
        if dropout > 0 and num_layers == 1:
            hint(
                f"dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                UserWarning,
            )
        for name, value in (("hidden_size", hidden_size), ("num_layers", num_layers)):
            if not isinstance(value, int):
                raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
            if value <= 0:
                raise ValueError(f"{name} must be greater than zero, got {value}")
        self.mode = type(self).__name__
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        width = self.gates * hidden_size
        for layer in range(num_layers):
            inputs = input_size if layer == 0 else hidden_size * self._directions
            for suffix in self._suffixes(layer):
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (width, inputs), "weight_hh": (width, hidden_size)}
                if bias:
                    shapes |= {"bias_ih": (width,), "bias_hh": (width,)}
                for name, shape in shapes.items():
                    setattr(self, name + suffix, empty_parameter(*shape, device=device, dtype=dtype))
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction, in the order of their names."""
        names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"][: 4 if self.bias else 2]
        return [
            [getattr(self, name + suffix) for name in names]
            for layer in range(self.num_layers)
            for suffix in self._suffixes(layer)
        ]

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniformly from [-1/sqrt(H), 1/sqrt(H))."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing to do: PyTorch has it to lay the weights out for a GPU."""

    # -- one pass --------------------------------------------------------------------------------

    def _recurrence(self, x: Tensor, initial: Any, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
        """The states of all steps, each of shape (T, N, H), the output first, from what the input gives the gates."""
        raise NotImplementedError

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The output of the last layer at all steps, and the last states of all layers.

        Parameters
        ----------
        input : Tensor, shape (T, N, K); with ``batch_first`` (N, T, K); of a single sequence (T, K)
            or a PackedSequence
        hx : Tensor, shape (L D, N, H); of a single sequence (L D, H), optional
            the first states, for an LSTM a pair of them; default: zeros

        Returns
        -------
        output : Tensor, shape (T, N, D H) (with ``batch_first`` and for a single sequence as ``input``), or packed
        h_n : Tensor, shape (L D, N, H), for an LSTM a pair
        """
        if isinstance(input, PackedSequence):
            packing = Packing(input)
            self._check(packing.padded, batched=True)
            output, last = self._layers(packing.padded, self._initial(packing.padded, hx, packing), packing)
            return packing.packed(output), self._in_form([packing.unsorted(s) for s in last])
        if input.ndim not in (2, 3):
            raise ValueError(
                f"{self.mode}: Expected input to be 2D or 3D, got {input.ndim}D instead, of shape {list(input.shape)}. "
                f"It takes {self._input_form()}, or (T, {self.input_size}) for a single sequence"
            )
        batched = input.ndim == 3
        self._check(input, batched, hx)
        x = input.unsqueeze(1) if not batched else input.transpose(0, 1) if self.batch_first else input
        if not batched and hx is not None:
            hx = self._in_form([h.unsqueeze(1) for h in self._listed(hx)])
        output, last = self._layers(x, self._initial(x, hx), None)
        if not batched:
            return output.squeeze(1), self._in_form([s.squeeze(1) for s in last])
        return output.transpose(0, 1) if self.batch_first else output, self._in_form(last)

    def _layers(
        self, x: Tensor, initial: list[Tensor], packing: Packing | None
    ) -> tuple[Tensor, list[Tensor]]:
        last: list[list[Tensor]] = [[] for _ in self.states]
        for layer in range(self.num_layers):
            outputs = []
            for direction, suffix in enumerate(self._suffixes(layer)):
                part = getattr(self, f"weight_ih{suffix}"), getattr(self, f"bias_ih{suffix}", None)
                backwards = direction == 1
                inputs = F.linear(_reversed(x, packing) if backwards else x, *part)
                states = self._recurrence(
                    inputs,
                    [h[layer * self._directions + direction] for h in initial],
                    getattr(self, f"weight_hh{suffix}"),
                    getattr(self, f"bias_hh{suffix}", None),
                )
                for kept, state in zip(last, states, strict=True):
                    kept.append(state[-1] if packing is None else state[packing.last_steps])
                outputs.append(_reversed(states[0], packing) if backwards else states[0])
            x = outputs[0] if len(outputs) == 1 else cat(outputs, dim=-1)
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout) if packing is None else packing.dropout(x, self.dropout)
        return x, [stack(kept) for kept in last]

    # -- shapes ----------------------------------------------------------------------------------

    def _input_form(self) -> str:
        """The shape of a batch, as an error names it."""
        return f"({'N, T' if self.batch_first else 'T, N'}, {self.input_size}) with batch_first={self.batch_first}"

    def _listed(self, hx: Any) -> list[Tensor]:
        return [hx] if len(self.states) == 1 else list(hx)

    def _in_form(self, states: list[Tensor]) -> Any:
        return states[0] if len(states) == 1 else tuple(states)

    def _check(self, input: Tensor, batched: bool, hx: Any = None) -> None:
        dtype = self.all_weights[0][0].dtype
        if input.dtype != dtype:
            wanted, given = f"torch.{dtype}", f"torch.{input.dtype}"
            raise ValueError(
                f"RNN input dtype ({given}) does not match weight dtype ({wanted}). Convert input: input.to({wanted}), "
                f"or convert model: model.to({given})"
            )
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}: the "
                f"{self.mode} was given shape {list(input.shape)}, and takes {self._input_form()}. Make it with "
                f"input_size={input.shape[-1]}, or bring the input to that shape"
            )
        if hx is None:
            return
        dims = [h.ndim for h in self._listed(hx)]
        expected = 3 if batched else 2
        if any(d != expected for d in dims):
            kind = "batched 3-D" if batched else "unbatched 2-D"
            got = f"{dims[0]}-D tensor" if len(dims) == 1 else f"({', '.join(f'{d}-D' for d in dims)}) tensors"
            raise RuntimeError(
                f"For {kind} input, {' and '.join(self.states)} should also be {expected}-D but got {got}"
                f"{': an LSTM takes a pair of states, (h_0, c_0)' if len(self.states) > 1 else ''}"
            )

    def _initial(self, x: Tensor, hx: Any, packing: Packing | None = None) -> list[Tensor]:
        """The first states, (L D, N, H) each: zeros, or as given."""
        if not x.shape[0]:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        size = (self.num_layers * self._directions, x.shape[1], self.hidden_size)
        if hx is None:
            return [zeros(size, dtype=x.dtype) for _ in self.states]
        given = self._listed(hx)
        for i, h in enumerate(given):
            if tuple(h.shape) != size:
                which = "hidden" if len(self.states) == 1 else f"hidden[{i}]"
                raise RuntimeError(
                    f"Expected {which} size {size}, got {list(h.shape)}: a state has shape (layers * directions, N, "
                    f"hidden_size), and the input of this {self.mode} has N = {size[1]}"
                    f"{'' if self.batch_first else ', since without batch_first=True the batch is dimension 1'}"
                )
        return given if packing is None else [packing.sorted(h) for h in given]

    def extra_repr(self) -> str:
        """The sizes, and the options that differ from the defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False}
        for name, default in defaults.items():
            value = getattr(self, name)
            if value != default:
                text += f", {name}={value}"
        return text


def _reversed(x: Tensor, packing: Packing | None) -> Tensor:
    """``x`` with time running backwards, within the length of each sequence."""
    return x.flip(0) if packing is None else x[packing.backwards]


class RNN(RNNBase):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or max(.., 0).

    Parameters
    ----------
    input_size, hidden_size : int
        K and H
    num_layers : int
        L; each further layer gets the outputs of the one before
    nonlinearity : str
        ``"tanh"`` (default) or ``"relu"``
    bias : bool
        whether there are b_ih and b_hh
    batch_first : bool
        the batch is dimension 0 of input and output, time is dimension 1
    dropout : float
        dropout between the layers
    bidirectional : bool
        a second network goes from the end to the beginning; outputs are concatenated

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then weight_ih_l0_reverse ..., weight_ih_l1 ... : Parameters

    For the shapes see :meth:`RNNBase.forward`. Source: Elman, Finding structure in time (1990).

    >>> from minitorch_optim.autograd import ones
    >>> output, h_n = RNN(3, 5, batch_first=True)(ones(2, 7, 3))
    >>> output.shape, h_n.shape
    (torch.Size([2, 7, 5]), torch.Size([1, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype)
        self.nonlinearity = nonlinearity

    def _recurrence(self, x: Tensor, initial: Any, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
        return (apply(recurrent.rnn, x, *initial, weight, bias, relu=self.nonlinearity == "relu"),)


class LSTM(RNNBase):
    """Long short-term memory: gates i, f, o decide what enters, stays in and leaves a cell state c.

    i, f, o = sigmoid(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), g = tanh(the same),
    c_t = f c_{t-1} + i g, h_t = o tanh(c_t). The rows of the weights are in the order i, f, g, o.

    Parameters and attributes: as of :class:`RNN`, without ``nonlinearity``. States are pairs (h, c).

    Source: Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000).

    >>> from minitorch_optim.autograd import ones
    >>> output, (h_n, c_n) = LSTM(3, 5, num_layers=2, bidirectional=True)(ones(7, 2, 3))
    >>> output.shape, c_n.shape
    (torch.Size([7, 2, 10]), torch.Size([4, 2, 5]))
    """

    gates = 4
    states = ("hx", "cx")

    def _recurrence(self, x: Tensor, initial: Any, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
        both = apply(recurrent.lstm, x, *initial, weight, bias)
        return both[0], both[1]


class GRU(RNNBase):
    """Gated recurrent unit: gate r decides what of the past is used for a proposal n, gate z how much of it stays.

    r, z = sigmoid(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), n = tanh(W_in x_t + b_in + r (W_hn h_{t-1} + b_hn)),
    h_t = (1 - z) n + z h_{t-1}. The rows of the weights are in the order r, z, n.

    Parameters and attributes: as of :class:`RNN`, without ``nonlinearity``.

    Source: Cho et al. (2014), with r after the matrix product as in cuDNN.

    >>> from minitorch_optim.autograd import ones
    >>> output, h_n = GRU(3, 5)(ones(7, 3))
    >>> output.shape, h_n.shape
    (torch.Size([7, 5]), torch.Size([1, 5]))
    """

    gates = 3

    def _recurrence(self, x: Tensor, initial: Any, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
        return (apply(recurrent.gru, x, *initial, weight, bias),)
