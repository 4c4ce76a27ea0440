"""Regional benchmark: what a population would have cost, from its own past and its region's."""

from rules_engine import Methodology, hookimpl
from rules_engine_regional_benchmark.rows import experience
from rules_engine_regional_benchmark.settle import outputs, settle
from rules_engine_regional_benchmark.terms import SCHEMA, Terms

__all__ = ["REGIONAL_BENCHMARK", "provide_methodology"]

REGIONAL_BENCHMARK: Methodology[Terms] = Methodology(
    name="regional_benchmark",
    summary="Blends a population's own past cost with its region's into a benchmark.",
    terms_schema=SCHEMA,
    read_terms=Terms.read,
    outputs=outputs,
    experience=experience,
    settle=settle,
)


@hookimpl
def provide_methodology() -> Methodology[Terms]:
    """Offer `regional_benchmark`."""
    return REGIONAL_BENCHMARK
