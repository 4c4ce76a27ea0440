"""Bundled episodes: one amount for a whole condition."""

from rules_engine_bundled_episode.prospective import PROSPECTIVE, Prospective

__all__ = ["PROSPECTIVE", "Prospective"]
