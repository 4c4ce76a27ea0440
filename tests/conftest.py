"""Settings that all tests share."""

import gc
import os

from hypothesis import Phase, settings

# No deadline, because no test may depend on how fast the machine is.
settings.register_profile("dev", max_examples=50, deadline=None, print_blob=True)
settings.register_profile("ci", max_examples=200, deadline=None, print_blob=True)
settings.register_profile("thorough", max_examples=1000, deadline=None, print_blob=True)
# Sabotage asks only whether a test fails: the same examples each time, and no search for the least.
settings.register_profile(
    "sabotage",
    max_examples=100,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_unconfigure() -> None:
    """Let go of what Hypothesis has the collector call, and through it of every module of tests.

    DuckDB, held by them to the very end, would report itself as leaked behind the summary.
    """
    gc.callbacks.clear()
    gc.collect()
