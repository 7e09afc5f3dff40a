"""How the workers of the sweep reach the independent target: the real ports, over real HTTP."""

import http.client
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from holdfast.edges.providers.flag_providers._flagd import Flagd
from holdfast.edges.providers.flag_providers.flagd_file import FileSource
from holdfast.errors import ActionError
from holdfast.loop.world import NoTargets
from holdfast.ports.flag_provider import FlagProvider
from holdfast.ports.outside import HttpTarget, Reply

TIMEOUT_S = 5.0
_OPEN = threading.local()
"""A connection a thread of a process, kept open between requests as every client of the product keeps its own."""


@dataclass(slots=True)
class Lane:
    """A receiver at the target: not idempotent, but it tells what became of a key."""

    name: str
    port: int
    idempotent: bool = False

    def find_problem(self) -> str | None:
        """Say nothing against it: what a lane refuses, it refuses when it is asked."""
        return None

    def send(self, body: bytes, key: str, fence: int) -> Reply:
        """Send one request."""
        headers = {"idempotency-key": key, "x-holdfast-fence": str(fence)}
        reply = self._ask("POST", f"/do/{self.name}", body, headers)
        if reply.status != 200:
            raise ActionError(f"the target answered {reply.status}")
        return reply

    def look(self, key: str) -> Reply | None:
        """Ask what became of a key."""
        return self._ask("GET", f"/look?key={quote(key)}", b"", {})

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        mine = (os.getpid(), self.port)  # a fork must not speak on its parent's
        if getattr(_OPEN, "whose", None) != mine:
            _OPEN.whose, _OPEN.connection = mine, http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        connection = _OPEN.connection
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return Reply(answer.status, answer.read().decode())
        except OSError as error:
            connection.close()
            raise ActionError(f"no answer from the target: {error}") from None


class LaneTargets(NoTargets):
    """Every name is a lane of the target; with a file, that is where the flags are, in flagd's own format."""

    def __init__(self, port: int, flags: Path | None = None) -> None:
        self._port = port
        self._flags = flags

    def flags(self, org: str, environment: str) -> FlagProvider | None:
        """Return flagd's file where there is one."""
        return Flagd("flagd", FileSource(self._flags), None) if self._flags is not None else None

    def of(self, org: str) -> "LaneTargets":
        """Return the same lanes."""
        return self

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        """Return the lane of that name."""
        return Lane(name, self._port)
