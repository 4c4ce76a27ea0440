"""Pricing: what is paid for a claim, alone or in a batch."""
