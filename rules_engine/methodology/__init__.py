"""Methodologies: how a plugin offers a way of paying."""
