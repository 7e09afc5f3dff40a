"""Verdicts: unknown is never pass."""

from holdfast.model.frozen import frozen


@frozen
class Pass:
    """The control holds."""


@frozen
class Fail:
    """The control does not hold."""

    because: str


@frozen
class Unknown:
    """It could not be told; shown, counted, and never pass."""

    because: str


Verdict = Pass | Fail | Unknown
