"""Fee schedules: what is allowed for a service."""
