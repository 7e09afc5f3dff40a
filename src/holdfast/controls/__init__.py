"""What should be true: controls and the language they are written in."""
