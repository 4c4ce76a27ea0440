"""Vectors: expressions with their inputs and exact outputs, to hold any engine against."""

from rules_engine.testing.vectors.engines import ENGINES, VectorEngine, command
from rules_engine.testing.vectors.running import Miss, Report, read_folder, run
from rules_engine.testing.vectors.vector import Answer, Setting, Vector, VectorFile

__all__ = [
    "ENGINES",
    "Answer",
    "Miss",
    "Report",
    "Setting",
    "Vector",
    "VectorEngine",
    "VectorFile",
    "command",
    "read_folder",
    "run",
]
