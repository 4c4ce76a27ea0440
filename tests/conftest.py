"""Settings that all tests share."""

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import Phase, settings

from rules_engine.warehouse.spark import SparkError, session

# No deadline, because no test may depend on how fast the machine is.
settings.register_profile("dev", max_examples=50, deadline=None, print_blob=True)
settings.register_profile("ci", max_examples=50, deadline=None, print_blob=True)
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


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """One Spark for all tests that ask for it, because it takes seconds to start."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        # A machine that compiles once answers small queries in half the time.
        patch.setenv("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1")
        try:
            started = stack.enter_context(session())
        except SparkError as error:
            pytest.skip(str(error))
        yield started


def pytest_unconfigure() -> None:
    """Let go of what Hypothesis has the collector call, and through it of every module of tests.

    DuckDB, held by them to the very end, would report itself as leaked behind the summary.
    """
    gc.callbacks.clear()
    gc.collect()
