"""Diagnostics: a finding about a ruleset, with its place and the way out."""
