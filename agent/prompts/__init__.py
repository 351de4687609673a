"""The expertise prompt, one file a language."""
