"""The loop turning: use cases, each in one transaction."""
