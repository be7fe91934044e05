"""Sample inputs for the rows of elementwise functions and of changes of dtype: ``SAMPLES[primitive]`` is a list.

An entry that is missing fails ``test_table.py``. What a sample may hold is described in ``kit.py``.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special as sp

from minitorch_optim.autograd.derivatives import complex_numbers, elementwise, indexing, shapes, special
from minitorch_optim.autograd.inplace import _replaced as copy_slices
from minitorch_optim.autograd.inplace import overwrite
from minitorch_optim.autograd.tape import apply, cast

kit = runpy.run_path(str(Path(__file__).with_name("kit.py")))
Sample, Fixed, Within = kit["Sample"], kit["Fixed"], kit["Within"]
sample, broadcast, real, imaginary = kit["sample"], kit["broadcast"], kit["real"], kit["imaginary"]
ANY, POSITIVE, UNIT, ABOVE_ONE, SMALL, BROAD = (
    kit[name] for name in ("ANY", "POSITIVE", "UNIT", "ABOVE_ONE", "SMALL", "BROAD")
)

e = elementwise
SAMPLES: dict[Any, list[Sample]] = {}

HOLOMORPHIC = {
    np.add: (ANY, ANY), np.subtract: (ANY, ANY), np.multiply: (ANY, ANY), np.divide: (ANY, ANY),
    np.negative: (ANY,), np.positive: (ANY,), np.reciprocal: (ANY,), np.square: (ANY,),
    np.power: (POSITIVE, ANY), np.sqrt: (POSITIVE,), e.rsqrt: (POSITIVE,),
    np.exp: (ANY,), np.exp2: (ANY,), np.expm1: (ANY,),
    np.log: (POSITIVE,), np.log1p: (POSITIVE,), np.log2: (POSITIVE,), np.log10: (POSITIVE,),
    np.sin: (ANY,), np.cos: (ANY,), np.tan: (UNIT,), np.arcsin: (UNIT,), np.arccos: (UNIT,), np.arctan: (UNIT,),
    np.sinh: (ANY,), np.cosh: (ANY,), np.tanh: (UNIT,),
    np.arcsinh: (UNIT,), np.arccosh: (ABOVE_ONE,), np.arctanh: (UNIT,),
    e.sigmoid: (ANY,),
}  # fmt: skip
NOT_HOLOMORPHIC = {np.absolute: (ANY,), np.conjugate: (ANY,)}
REAL_ONLY = {
    np.cbrt: (POSITIVE,), np.logaddexp: (ANY, ANY), np.arctan2: (ANY, ANY), np.hypot: (ANY, ANY),
    np.floor_divide: (BROAD, ANY), np.remainder: (BROAD, ANY), np.fmod: (BROAD, ANY),
    e.relu: (ANY,), e.softplus: (ANY,),
    np.maximum: (ANY, ANY), np.minimum: (ANY, ANY), np.fmax: (ANY, ANY), np.fmin: (ANY, ANY),
    e.clamp: (BROAD, Within(-1.5, -1.0), Within(1.0, 1.5)),
    np.fabs: (ANY,), np.copysign: (ANY, ANY),
    np.sinc: (BROAD,),
    np.floor: (BROAD,), np.ceil: (BROAD,), np.trunc: (BROAD,), np.rint: (BROAD,), np.sign: (ANY,), e.round_to: (BROAD,),
    complex_numbers.complex_of: (ANY, ANY),
}  # fmt: skip

SPECIAL = {
    sp.erf: (ANY,), sp.erfc: (ANY,), sp.erfcx: (ANY,), sp.erfinv: (UNIT,), sp.erfcinv: (Within(0.2, 1.8),),
    sp.ndtr: (ANY,), sp.ndtri: (Within(0.1, 0.9),), sp.log_ndtr: (BROAD,),
    sp.expit: (ANY,), sp.logit: (Within(0.1, 0.9),), sp.log_expit: (BROAD,),
    sp.gammaln: (POSITIVE,), sp.psi: (POSITIVE,), sp.gamma: (POSITIVE,),
    sp.xlogy: (ANY, POSITIVE), sp.xlog1py: (ANY, UNIT), sp.entr: (POSITIVE,),
    sp.j0: (BROAD,), sp.j1: (BROAD,), sp.y0: (POSITIVE,), sp.y1: (POSITIVE,),
    sp.i0: (ANY,), sp.i1: (ANY,), sp.i0e: (ANY,), sp.i1e: (ANY,),
}  # fmt: skip

for rows, is_complex in ((HOLOMORPHIC, True), (NOT_HOLOMORPHIC, True), (REAL_ONLY, False), (SPECIAL, False)):
    for primitive, domains in rows.items():
        SAMPLES[primitive] = broadcast(primitive, *domains, is_complex=is_complex)

# Special places of some of them.
SAMPLES[np.power] += [
    sample(np.array([0.0, -1.5, 2.0]), 3),
    sample(np.array([0.0, -1.5, 2.0]), 1),
    sample(np.array([[0.0, -1.5], [0.5, 2.0]]), 0),
    sample(np.array([-0.5, 2.0]), -2.0),
    sample(np.array([-1.5, 2.0]), Fixed(np.array([[2.0], [3.0]]))),
    sample(np.array([0.4, 2.0]), np.array([0.0, 1.0])),
    sample(imaginary(2), 2),
]
SAMPLES[e.softplus] += [
    sample(real(3, domain=BROAD), beta=2.0, threshold=1.5),  # beyond the threshold it is linear
    sample(np.array([15.0, -15.0, 25.0])),
]
SAMPLES[e.sigmoid] += [sample(np.array([-30.0, 30.0]))]
SAMPLES[np.logaddexp] += [sample(np.array([-900.0, 900.0]), np.array([900.0, 900.5]))]
SAMPLES[e.clamp] += [
    sample(real(4, domain=BROAD), -1.0, 1.0),
    sample(real(4, domain=BROAD), None, 1.0),
    sample(real(4, domain=BROAD), real(4, domain=SMALL), None),
    sample(real(4, domain=BROAD), 2.0, 1.0),  # the upper end wins
    sample(real(2, 2, domain=BROAD), np.array([2.0, -2.0]), np.array([1.0, 2.5])),
]
SAMPLES[e.round_to] += [sample(real(3, domain=BROAD), decimals=1)]
SAMPLES[special.zeta] = broadcast(special.zeta, POSITIVE, s=2.5)
SAMPLES[sp.xlogy] += [sample(np.array([0.0, 0.0]), np.array([2.0, 0.5]))]
SAMPLES[np.sinc] += [sample(np.array([0.0]))]
SAMPLES[sp.j1] += [sample(np.array([0.0]))]
SAMPLES[sp.i1] += [sample(np.array([0.0]))]
SAMPLES[np.where] = [
    sample(np.array([True, False, True]), real(3), real(3)),
    sample(np.array([[True], [False]]), real(3), real(2, 3)),
    sample(np.array(True), real(2, 1), real()),
    sample(np.array([True, False]), real(2), 0.0),
    sample(np.array([True, False]), 1.5, real(2)),
    sample(np.array([True, False]), imaginary(2), imaginary(2, 1)),
    sample(np.array([True, False]), imaginary(2), real(2)),
]

# -- other dtypes, complex parts


def _in_a_view(whole: Any, part: Any, index: Any) -> Any:
    """A copy of ``whole`` whose view at ``index`` is overwritten: what the row of in-place changes of views records."""
    copy = apply(shapes.clone, whole)
    overwrite(apply(indexing.getitem, copy, index), apply(np.multiply, part, 1.0), "mul_")
    return copy


SAMPLES |= {
    cast: [sample(real(2, 3), np.dtype(np.float64)), sample(real(3), np.dtype(np.complex128)), sample(real(), float)],
    copy_slices: [
        Sample((real(2, 3), real(3)), {"index": 1}, _in_a_view),
        Sample((real(4), real(2)), {"index": slice(None, None, -2)}, _in_a_view),
        Sample((real(2, 2), real()), {"index": (1, 0, ...)}, _in_a_view),
        Sample((imaginary(3), imaginary(2)), {"index": slice(1, None)}, _in_a_view),
    ],
    np.real: [sample(imaginary(2, 3)), sample(imaginary()), sample(real(2))],
    np.imag: [sample(imaginary(2, 3)), sample(imaginary())],
    np.angle: [sample(imaginary(2, 3)), sample(imaginary()), sample(real(3))],
    complex_numbers.view_as_real: [sample(imaginary(2, 3)), sample(imaginary())],
    complex_numbers.view_as_complex: [sample(real(3, 2)), sample(real(2)), sample(real(2, 2, 2))],
}
