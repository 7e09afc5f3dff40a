"""Identities that others vouch for: where trusts are kept, and who checks a token's signature."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.trust import Trust


class Trusts(Protocol):
    """Whose identity tokens an org takes, and which of them were taken."""

    def save(self, trust: Trust) -> None:
        """Create or change, by name."""
        ...

    def find(self, name: str) -> Trust | None:
        """Return by name."""
        ...

    def remove(self, name: str) -> None:
        """Remove by name; what is not there is no fault."""
        ...

    def list(self) -> Sequence[Trust]:
        """Return all by name."""
        ...

    def use(self, digest: str, until: datetime) -> bool:
        """Note that a token was taken, until it is worth nothing by itself; `False` when it was taken before."""
        ...

    def forget_used(self, before: datetime) -> int:
        """Drop the notes of tokens that were worth nothing before; returns how many."""
        ...


class Issuers(Protocol):
    """Checks signatures by the keys that issuers publish. It asks the network: never inside a transaction."""

    def refusal(self, issuer: str) -> str | None:
        """Say why an issuer's address is never asked, `None` when it may be."""
        ...

    def verify(self, token: str, issuer: str) -> Mapping[str, object]:
        """Return the claims of a token that the issuer signed.

        Raises:
            UnauthenticatedError: it did not, or not with a key that it publishes; the message says why, for the log.
            FeedError: the issuer could not be asked, or answered nonsense.
        """
        ...
