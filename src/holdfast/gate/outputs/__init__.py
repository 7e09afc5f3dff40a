"""Outputs: what a decision looks like to other systems. One module per output with `SPEC`; a new one is one file here.

Rules every output keeps:

1. It is a function of the decision and its context alone: the same inputs give the same bytes. Ids are digests, and
   the only instant is that of the decision, where the format demands one.
2. It shows what is waived, what was there before, and what could not be told. Nothing that blocks is left out before
   something that does not.
3. Names come from outside: no name becomes markup, a command of the pipeline, or breaks the document.
4. It stays within the limits of the system that reads it, and says what it left out.
"""

from holdfast.gate.outputs._spec import OutputContext, OutputSpec

__all__ = ["OutputContext", "OutputSpec"]
