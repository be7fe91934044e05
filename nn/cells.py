"""One step of a recurrent network: the cells, for loops that are written by hand.

N sequences, K = ``input_size``, H = ``hidden_size``. The formulas are those of RNN, LSTM and GRU.
"""

from __future__ import annotations

import math
from typing import Any

from ..autograd.ops.creation import zeros
from ..autograd.tape import apply
from ..autograd.tensor import Tensor
from . import functional as F
from . import init
from .functional import recurrent
from .module import Module
from .parameter import Parameter, empty_parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]


class _Cell(Module):
    gates = 1

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        width = self.gates * hidden_size
        self.weight_ih = empty_parameter(width, input_size, device=device, dtype=dtype)
        self.weight_hh = empty_parameter(width, hidden_size, device=device, dtype=dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, empty_parameter(width, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew, uniformly from [-1/sqrt(H), 1/sqrt(H))."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size else 0.0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _run(self, primitive: Any, input: Tensor, states: Any, **options: Any) -> Tensor:
        """The new states of one step of time, with dimensions for time and batch in front of H."""
        name = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        x = input if input.ndim == 2 else input.unsqueeze(0)
        if x.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {x.shape[1]} expected {self.input_size}: the {name} was given "
                f"shape {list(input.shape)}, and takes (N, {self.input_size}). Make it with input_size={x.shape[1]}, "
                f"or bring the input to that shape"
            )
        rows = []
        for i, state in enumerate(states):
            if state is None:
                state = zeros(x.shape[0], self.hidden_size, dtype=x.dtype)
            elif state.ndim not in (1, 2):
                raise ValueError(f"{name}: Expected hidden to be 1D or 2D, got {state.ndim}D instead")
            elif state.ndim == 1:
                state = state.unsqueeze(0)
            if state.shape[0] != x.shape[0]:
                raise RuntimeError(
                    f"Input batch size {x.shape[0]} doesn't match hidden{i} batch size {state.shape[0]}"
                )
            if state.shape[1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i} has inconsistent hidden_size: got {state.shape[1]}, expected {self.hidden_size}"
                )
            rows.append(state)
        inputs = F.linear(x, self.weight_ih, self.bias_ih).unsqueeze(0)
        out = apply(primitive, inputs, *rows, self.weight_hh, self.bias_hh, **options)
        return out if input.ndim == 2 else out.squeeze(-2)

    def extra_repr(self) -> str:
        """The sizes, and whether there is no bias."""
        text = f"{self.input_size}, {self.hidden_size}"
        return text if self.bias else text + ", bias=False"


class RNNCell(_Cell):
    """One step of an :class:`RNN`: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or max(.., 0).

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh : Parameters, shapes (H, K), (H, H), (H,), (H,)

    >>> from minitorch_optim.autograd import ones
    >>> RNNCell(3, 5)(ones(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {nonlinearity}. Select from 'tanh' or 'relu'")
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """From x, shape (N, K) or (K,), and h, shape (N, H) or (H,), default zeros, the next h."""
        return self._run(recurrent.rnn, input, [hx], relu=self.nonlinearity == "relu")[0]

    def extra_repr(self) -> str:
        """The sizes, and the options that differ from the defaults."""
        text = super().extra_repr()
        return text if self.nonlinearity == "tanh" else f"{text}, nonlinearity={self.nonlinearity}"


class LSTMCell(_Cell):
    """One step of an :class:`LSTM`.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh : Parameters, shapes (4 H, K), (4 H, H), (4 H,), (4 H,)

    >>> from minitorch_optim.autograd import ones
    >>> h, c = LSTMCell(3, 5)(ones(2, 3))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    gates = 4

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """From x, shape (N, K) or (K,), and the pair (h, c) of shape (N, H) or (H,), default zeros, the next pair."""
        both = self._run(recurrent.lstm, input, (None, None) if hx is None else hx)
        return both[0, 0], both[1, 0]


class GRUCell(_Cell):
    """One step of a :class:`GRU`.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh : Parameters, shapes (3 H, K), (3 H, H), (3 H,), (3 H,)

    >>> from minitorch_optim.autograd import ones
    >>> GRUCell(3, 5)(ones(2, 3)).shape
    torch.Size([2, 5])
    """

    gates = 3

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """From x, shape (N, K) or (K,), and h, shape (N, H) or (H,), default zeros, the next h."""
        return self._run(recurrent.gru, input, [hx])[0]
