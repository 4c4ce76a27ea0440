"""Measurements of the engine beside the same work done by hand, in one run."""
