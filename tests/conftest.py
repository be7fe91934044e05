"""Property tests say the same on every machine, however slow or busy it is, and in every run.

Hypothesis would draw other examples each time, and fail a test whose examples take long. For a search through other
examples: ``make test ARGS="--hypothesis-profile=search -k graphs"``.
"""

from hypothesis import HealthCheck, settings

SLOW_IS_NO_FAILURE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("search", **SLOW_IS_NO_FAILURE)
settings.register_profile("suite", derandomize=True, **SLOW_IS_NO_FAILURE)
settings.load_profile("suite")
