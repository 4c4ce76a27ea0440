"""Language: from a YAML file to a checked ruleset or diagnostics."""
