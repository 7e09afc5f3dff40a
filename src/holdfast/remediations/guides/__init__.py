"""Guides: how each lock file's tool is told to raise a package. One module per format with `SPEC`, named as the reader.

Rules every guide keeps:

1. A command is complete, does what it says in the folder of the lock file, and is safe to paste: every word quoted.
2. A name or version that does not look like one of its ecosystem gets no command: it is shown, never typed.
3. A transitive component is raised by the tool's own way; where the tool can't, its direct dependency is named.
"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command, commands

__all__ = ["Advice", "Guide", "Upgrade", "command", "commands"]
