"""Tables: the standard tables, mappings to them, and the engine that holds them."""
