"""One folder a worker framework."""
