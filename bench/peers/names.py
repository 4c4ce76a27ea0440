"""Who is compared with: the distribution, and the file that does the job with it."""

from typing import Final

__all__ = ["PEERS", "RIVALS"]

PEERS: Final = {
    "zen-engine": "zen_engine",
    "datalogic-py": "datalogic",
    "common-expression-language": "common_expression_language",
    "rule-engine": "rule_engine",
    "cel-python": "cel_python",
    "openfisca-core": "openfisca_core",
}

RIVALS: Final = frozenset(PEERS) - {"openfisca-core"}
"""Those that price one line at a time, as this engine does, and have to be slower."""
