"""Measurements: what must be fast, and how fast it is."""
