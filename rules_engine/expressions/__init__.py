"""Expressions: one meaning, compiled to Python and to SQL."""
