"""Where source code asks OpenFeature for a flag. One module per family of languages, with `SPEC`.

Rules every parser keeps:

1. It answers with every evaluation that it saw, or raises `FactError` naming file and line.
2. Nothing is guessed: a key or a default that the text does not settle is named as unsettled, with the reason.
3. An evaluation that is passed around instead of called is named as well: who calls it, and with what, is not seen.
4. A function that only hands its parameter on as the key is followed to its calls.
"""

from holdfast.facts.flag_usage._usage import (
    FlagRead,
    FlagUsageSpec,
    Forwarder,
    Lookup,
    SourceUsage,
    Span,
    Unsettled,
    Value,
    no_lookup,
)

__all__ = ["FlagRead", "FlagUsageSpec", "Forwarder", "Lookup", "SourceUsage", "Span", "Unsettled", "Value", "no_lookup"]
