"""The command line: results on stdout, everything else on stderr, and never a traceback."""

from rules_engine.cli.program import commands, main

__all__ = ["commands", "main"]
