"""Serving flags over OFREP; a room of its own, so that a relay can carry it alone."""
