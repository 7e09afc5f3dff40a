"""Fix it for good: what to type, and where."""
