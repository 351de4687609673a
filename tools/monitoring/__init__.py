"""The tools that measure over time."""
