"""The checks of `doctor`: what is set up, reachable, missing, and how to fix it."""
