"""How we know: cases, worlds, checks, reports."""
