"""e2e/bench: measuring and reporting."""
