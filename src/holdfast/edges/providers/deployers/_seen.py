"""What the application itself says: a black-box look at its health address."""

import json
from dataclasses import replace

from holdfast.errors import ActionError
from holdfast.model.frozen import frozen
from holdfast.ports.deployer import Deployed
from holdfast.ports.http import Http

_LIMIT_BYTES = 64 << 10


@frozen
class HealthAddress:
    """Where an application says that it is well; `version_at` is the JSON pointer of its version in the answer."""

    http: Http
    url: str
    version_at: str | None
    timeout_s: float

    def look(self, deployed: Deployed) -> Deployed:
        """Return what was told of a process, held against what it says itself: the worse of both counts."""
        try:
            with self.http.open("GET", self.url, headers={}, timeout_s=self.timeout_s) as answer:
                status, body = answer.status, answer.body(_LIMIT_BYTES)
        except ActionError as error:
            return replace(deployed, healthy=False, detail=error.message)
        if not 200 <= status < 300:
            return replace(deployed, healthy=False, detail=f"its health address answers {status}")
        if self.version_at is None:
            return replace(deployed, detail=f"its health address answers {status}; {deployed.detail}")
        said = _find_at(body, self.version_at)
        if said is None:
            return replace(deployed, healthy=False, detail=f"it does not say its version at `{self.version_at}`")
        return replace(deployed, version=said, detail=f"it answers {status} as `{said}`; {deployed.detail}")


def _find_at(body: bytes, pointer: str) -> str | None:
    """Return the text at a JSON pointer, `None` where there is none. Source: RFC 6901."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None
