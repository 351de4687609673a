"""The ways in: terminal, one-shot commands."""
