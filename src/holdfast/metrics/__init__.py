"""How fast are we: clocks become distributions and survival curves.

`DEFINITIONS` is the version of what the figures mean; it rises when a definition changes, and every summary names it.
"""

DEFINITIONS = 1
