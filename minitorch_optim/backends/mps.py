"""Apple's graphics processors, which this library does not compute on."""


def is_available() -> bool:
    """False."""
    return False


def is_built() -> bool:
    """False."""
    return False
