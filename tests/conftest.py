"""What all tests share: how Hypothesis searches for examples, and the collector of garbage out of the way.

Property tests say the same on every machine, however slow or busy it is, and in every run. By itself Hypothesis would
draw other examples each time, and fail a test whose examples take long. For a search through other examples:
``make test ARGS="--hypothesis-profile=search -k graphs"``.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

SLOW_IS_NO_FAILURE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("search", **SLOW_IS_NO_FAILURE)
settings.register_profile("suite", derandomize=True, **SLOW_IS_NO_FAILURE)
settings.load_profile("suite")


@pytest.fixture
def no_collector() -> Iterator[Callable[[], None]]:
    """Python's collector of garbage rests during the test: what still lives lives by references, not by chance.

    The test begins without garbage, which others may have left. Called, the fixture collects again: so what the test
    counts afterwards is its own.
    """

    def collect_all() -> None:
        while gc.collect():  # some of it, such as matplotlib's figures, comes to light only when other garbage is gone
            pass

    collect_all()
    gc.disable()
    yield collect_all
    gc.enable()
