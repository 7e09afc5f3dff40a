"""Holdfast keeps what a team ships secure in production."""

__version__ = "0.1.0"
