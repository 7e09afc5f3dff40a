"""A real issuer of identity tokens on this machine, and what its tokens say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.edges.providers.started import started


@dataclass(frozen=True)
class Issuer:
    """Where it is."""

    url: str

    def sign(self, kid: str = "rsa", /, **claims: object) -> str:
        """Return a token with these claims; `None` takes one away. Keys are `rsa`, `ec`, `ed`."""
        return str(self._post("sign", {"claims": claims, "kid": kid})["token"])

    def rotate(self, kid: str, algorithm: str = "RS256") -> None:
        """Publish one more key."""
        self._post("rotate", {"kid": kid, "alg": algorithm})

    def say(self, **claims: object) -> None:
        """Put these claims into the tokens that a runner asks for."""
        self._post("claims", {"claims": claims})

    def keys(self) -> dict[str, dict[str, Any]]:
        """Return what it publishes, by name."""
        return {one["kid"]: one for one in httpx.get(f"{self.url}/jwks").json()["keys"]}

    def _post(self, path: str, body: object) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/tests/{path}", json=body).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def oidc_issuer() -> Iterator[Issuer]:
    """Start one by `scripts/oidc-issuer.sh`; skips without Node, and fails in CI."""
    with started("oidc-issuer.sh") as (url, folder):
        assert isinstance(folder, Path)
        yield Issuer(url)
