"""Small programs that use the engine."""
