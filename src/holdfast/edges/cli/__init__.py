"""The terminal: a room of commands."""
