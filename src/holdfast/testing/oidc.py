"""Issuers that say what they are told, for tests."""

from collections.abc import Mapping

from holdfast.errors import FeedError, UnauthenticatedError


class FakeIssuers:
    """Believes the tokens that it was given, and no others."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False
        self._claims: dict[tuple[str, str], Mapping[str, object]] = {}

    def believe(self, token: str, issuer: str, claims: Mapping[str, object]) -> None:
        """Take a token for one that the issuer signed."""
        self._claims[token, issuer] = claims

    def refusal(self, issuer: str) -> str | None:
        """Say why an issuer's address is never asked, `None` when it may be."""
        return None if issuer.startswith("https://") else "expected an `https` address"

    def verify(self, token: str, issuer: str) -> Mapping[str, object]:
        """Return the claims of a token that it was given.

        Raises:
            UnauthenticatedError: it was not.
            FeedError: it is away.
        """
        self.asked.append(issuer)
        if self.away:
            raise FeedError("no answer")
        if (token, issuer) not in self._claims:
            raise UnauthenticatedError("the signature does not hold")
        return self._claims[token, issuer]
