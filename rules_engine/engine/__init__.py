"""The engine: loads rulesets, prices, settles and explains."""
