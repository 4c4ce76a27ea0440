"""Pricing: a line's waterfall, one claim at a time or a batch at once, with equal results."""
