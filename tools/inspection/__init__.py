"""The tools that look."""
