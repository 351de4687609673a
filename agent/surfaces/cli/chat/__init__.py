"""Talking in the terminal: the prompt in the main thread, the agent in one of its own."""
