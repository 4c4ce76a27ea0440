"""Sharing of gains and losses between the parties of a contract."""
