"""Evidence in, findings out."""
