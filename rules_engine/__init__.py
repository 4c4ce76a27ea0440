"""Price claims and settle years by payment contracts that are declared in YAML."""
