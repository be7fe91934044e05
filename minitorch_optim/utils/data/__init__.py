"""Batches for training: datasets, samplers, and the ``DataLoader`` that puts them together.

>>> from minitorch_optim.autograd import tensor
>>> data = TensorDataset(tensor([[1.0], [2.0], [3.0]]), tensor([0, 1, 0]))
>>> for inputs, targets in DataLoader(data, batch_size=2):
...     print(inputs.shape, targets)
torch.Size([2, 1]) tensor([0, 1])
torch.Size([1, 1]) tensor([0])
"""

from ...autograd.missing import explain_missing
from . import dataloader, dataset, sampler
from .dataloader import *
from .dataset import *
from .sampler import *

__all__ = ["sampler"]
__all__ += dataloader.__all__
__all__ += dataset.__all__
__all__ += sampler.__all__

explain_missing(globals(), "torch.utils.data")
