"""Verdicts: unknown is never pass."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pass:
    """The control holds."""


@dataclass(frozen=True, slots=True)
class Fail:
    """The control does not hold."""

    because: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be told; shown, counted, and never pass."""

    because: str


Verdict = Pass | Fail | Unknown
