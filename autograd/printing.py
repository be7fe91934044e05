"""How a tensor prints: as PyTorch prints it, so that a notebook's output can be compared line by line.

The elements of a tensor share one format: whole values print as ``2.``, others with four decimals, and if the
magnitudes lie too far apart, all print in scientific notation. All take the width of the widest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtypes import get_default_dtype
from .tensor import Array, Tensor

__all__ = ["set_printoptions"]


class _Options:
    precision = 4
    threshold: float = 1000
    edgeitems = 3
    linewidth = 80
    sci_mode: bool | None = None


_options = _Options()
_PROFILES: dict[str, tuple[int, float, int, int]] = {
    "default": (4, 1000, 3, 80),
    "short": (2, 1000, 2, 80),
    "full": (4, math.inf, 3, 80),
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors print from now on.

    Parameters
    ----------
    precision : int
        digits after the point (default 4)
    threshold : float
        more elements than this are summarised (default 1000)
    edgeitems : int
        how many a summary shows at each end of a dimension (default 3)
    linewidth : int
        characters in a line (default 80)
    profile : str
        ``"default"``, ``"short"`` or ``"full"``: all of the above at once; what is given beside it counts more
    sci_mode : bool
        scientific notation always or never; default: by the values

    >>> from minitorch_optim.autograd import tensor
    >>> set_printoptions(precision=2)
    >>> tensor([3.14159])
    tensor([3.14])
    >>> set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
        _options.precision, _options.threshold, _options.edgeitems, _options.linewidth = _PROFILES[profile]
    for name, value in (("precision", precision), ("threshold", threshold), ("edgeitems", edgeitems),
                        ("linewidth", linewidth)):  # fmt: skip
        if value is not None:
            setattr(_options, name, value)
    _options.sci_mode = sci_mode


# -- numbers ------------------------------------------------------------------------------------


class _Format:
    """The one format that the elements of ``array`` share."""

    def __init__(self, array: Array) -> None:
        self.width = 1
        self.whole = self.scientific = False
        self.floating = array.dtype.kind == "f"
        if not self.floating:
            self.width = max((len(str(v)) for v in array.ravel().tolist()), default=1)
            return
        values = array[np.isfinite(array) & (array != 0)].astype(np.float64)
        self.whole = bool((values == np.ceil(values)).all())
        if values.size:
            magnitudes = np.abs(values)
            smallest, largest = float(magnitudes.min()), float(magnitudes.max())
            self.scientific = largest / smallest > 1000.0 or largest > 1.0e8 or (not self.whole and smallest < 1.0e-4)
            if _options.sci_mode is not None:
                self.scientific = _options.sci_mode
            self.width = max(len(self.text(v)) for v in values.tolist())

    def text(self, value: Any) -> str:
        """One number, without padding."""
        if not self.floating:
            return str(value)
        if self.scientific:
            return f"{value:.{_options.precision}e}"
        if self.whole:
            return f"{value:.0f}." if math.isfinite(value) else f"{value}"
        return f"{value:.{_options.precision}f}"

    def __call__(self, value: Any) -> str:
        return self.text(value).rjust(self.width)


class _ComplexFormat:
    """The format of the real parts, beside that of the imaginary parts."""

    def __init__(self, array: Array) -> None:
        self.real, self.imag = _Format(array.real), _Format(array.imag)
        self.width = self.real.width + self.imag.width + 1

    def __call__(self, value: complex) -> str:
        imag = self.imag(value.imag).lstrip()
        return self.real(value.real) + ("" if imag[0] in "+-" else "+") + imag + "j"


# -- arrays -------------------------------------------------------------------------------------


def _body(array: Array, indent: int) -> str:
    """The elements in nested brackets; lines after the first begin with ``indent`` spaces."""
    summary = array.size > _options.threshold
    shown = _edges(array) if summary else array
    form = (_ComplexFormat if array.dtype.kind == "c" else _Format)(shown)
    return _nested(array, indent, summary, form)


def _edges(array: Array) -> Array:
    """What a summary shows: the first and the last few along each dimension."""
    n = _options.edgeitems
    for axis in range(array.ndim):
        if array.shape[axis] > 2 * n:
            kept = np.r_[0:n, array.shape[axis] - n : array.shape[axis]]
            array = np.take(array, kept, axis)
    return array


def _nested(array: Array, indent: int, summary: bool, form: Any) -> str:
    if array.ndim == 0:
        return str(form(array.item())).strip()
    n = _options.edgeitems
    cut = summary and len(array) > 2 * n
    parts = [*array[:n], *array[len(array) - n :]] if cut else list(array)
    if array.ndim == 1:
        words = [form(v.item()) for v in parts]
        if cut:
            words.insert(n, " ...")
        count = max(1, (_options.linewidth - indent) // (form.width + 2))
        lines = [", ".join(words[i : i + count]) for i in range(0, len(words), count)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    blocks = [_nested(part, indent + 1, summary, form) for part in parts]
    if cut:
        blocks.insert(n, "...")
    between: str = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return "[" + between.join(blocks) + "]"


# -- tensors ------------------------------------------------------------------------------------


def text_of(tensor: Tensor, name: str = "tensor") -> str:
    """The text of a tensor, beginning with ``name(``."""
    array = tensor._array
    head, notes = name + "(", []
    if tensor.is_sparse:
        body = _sparse_body(array, len(head))
        notes.append(f"nnz={array.indices.shape[1]}")
    elif array.size == 0:
        body = "[]"
        if array.ndim != 1:
            notes.append(f"size={tuple(array.shape)}")
    else:
        body = _body(array, len(head))
    if not _is_default(array):
        notes.append(f"dtype=torch.{array.dtype.name}")
    if tensor.is_sparse:
        notes.append("layout=torch.sparse_coo")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn={tensor.grad_fn!r}")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return head + _with_notes(body, notes, len(head)) + ")"


def _is_default(array: Array) -> bool:
    """Whether the dtype is the one that such values get by themselves."""
    default = get_default_dtype()
    if array.dtype == default:
        return True
    usual = (np.result_type(default, np.complex64), np.dtype(np.int64), np.dtype(np.bool_))
    return array.size > 0 and array.dtype in usual


def _with_notes(body: str, notes: list[str], indent: int) -> str:
    """``body``, then the notes, each in the same line if it fits."""
    column = len(body) - body.rfind("\n") + 1  # two more than there are, as torch counts
    if "\n" not in body:
        column += indent
    for note in notes:
        if column + len(note) + 2 > _options.linewidth:
            body += ",\n" + " " * indent + note
            column = indent + len(note)
        else:
            body += ", " + note
            column += len(note) + 2
    return body




def _sparse_body(array: Any, indent: int) -> str:
    """Indices and values, each as the text of a tensor, and the size."""
    parts = []
    for part, label in ((array.indices, "indices="), (array.values, "values=")):
        inside = indent + len(label) + len("tensor(")
        text = _body(part, inside) if part.size else "[]"
        note = [] if part.size else [f"size={tuple(part.shape)}"]
        parts.append(label + "tensor(" + _with_notes(text, note, inside) + ")")
    parts.append(f"size={tuple(array.shape)}")
    return (",\n" + " " * indent).join(parts)


def _repr(self: Tensor) -> str:
    return text_of(self)


Tensor.__repr__ = _repr  # type: ignore[assignment]
