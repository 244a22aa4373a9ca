"""Which program stands in for which container image."""
