"""Products with sparse matrices, by the name of ``torch.sparse``.

>>> from minitorch_optim import eye, sparse, tensor
>>> sparse.mm(eye(2).to_sparse(), tensor([[1.0], [2.0]]))
tensor([[1.],
        [2.]])
"""

from .autograd import mm

__all__ = ["mm"]
