"""How fast are we: clocks become distributions and survival curves."""
