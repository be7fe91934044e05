"""The flags of cuDNN, which is not here: they can be set, and there is nothing for them to act on.

>>> from minitorch_optim.backends import cudnn
>>> cudnn.deterministic = True
>>> cudnn.is_available()
False
"""

enabled = False
benchmark = False
deterministic = True
allow_tf32 = False


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None: there is no cuDNN."""
