"""The brain that needs no key and no network."""
