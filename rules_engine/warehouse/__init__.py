"""Pricing queries outside DuckDB: exact in other dialects, and run on Apache Spark."""
