"""Settlement: which transfers the experience of a period calls for."""
