"""A worker and a target as processes: `python -m tests.e2e.engine_parts target`, or `worker URL TARGET [BOUNDARY]`.

The target keeps the books: it counts what reaches it, and nothing of Holdfast runs in it. A worker that is given a
boundary says so when it gets there, and waits for a line on its input: whoever reads it may kill or freeze it there.
"""

import sys
import threading
from typing import Any
from urllib.parse import unquote

import httpx

from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.system import RandomIds, SystemClock
from holdfast.edges.stores import open_store
from holdfast.errors import ActionError, HoldfastError
from holdfast.loop.respond_engine import Engine
from holdfast.loop.world import NoTargets
from holdfast.model.run import Run
from holdfast.ports.outside import HttpTarget, Reply
from tests.e2e.answering import Asked, answer_until_killed

STEPS = 3


class Remote:
    """The target as an action's receiver: it can tell what became of a key."""

    name = "hook"
    idempotent = False

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=10, trust_env=False)

    def find_problem(self) -> str | None:
        """Say nothing."""
        return None

    def send(self, body: bytes, key: str, fence: int) -> Reply:
        """Send one request."""
        return self._ask("POST", f"/do/{key}", headers={"x-fence": str(fence)}, content=body)

    def look(self, key: str) -> Reply | None:
        """Ask what became of a key."""
        return self._ask("GET", f"/did/{key}")

    def _ask(self, method: str, path: str, **options: Any) -> Reply:
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ActionError(f"no answer: {type(error).__name__}") from error
        return Reply(answer.status_code, answer.text)


class Remotes(NoTargets):
    """Targets with that receiver alone."""

    def __init__(self, url: str) -> None:
        self._remote = Remote(url)

    def of(self, org: str) -> "Remotes":
        """Return the same."""
        return self

    def http(self, name: str, environment: str | None = None, service: str | None = None) -> HttpTarget:
        """Return the receiver."""
        return self._remote


def serve_target() -> None:
    """Count what is done, until killed; says its port first."""
    done: list[str] = []

    def respond(asked: Asked) -> tuple[int, object]:
        if asked.method == "POST":
            done.append(unquote(asked.path.removeprefix("/do/")))
            return 200, {"done": True}
        match asked.path:
            case "/checkout":
                return 200, {"tax": "flat" if len(set(done)) >= STEPS else "exact"}
            case "/books":
                return 200, {"done": done}
        return 200 if unquote(asked.path.removeprefix("/did/")) in done else 404, {}

    answer_until_killed(respond)


def work(url: str, target: str, boundary: str | None) -> None:
    """Drive runs until the input ends; stop once at the boundary, `name/step`."""
    stopped = threading.Event()

    def at(name: str, run: Run, step: int) -> None:
        if f"{name}/{step}" == boundary and not stopped.is_set():
            stopped.set()
            print(f"at {boundary}", flush=True)
            sys.stdin.readline()

    stop = threading.Event()
    http = HttpxHttp()
    failures = (HoldfastError, OSError)
    engine = Engine(
        open_store(url), SystemClock(), RandomIds(), http, targets=Remotes(target), failures=failures, at=at
    )
    print("ready", flush=True)
    engine.run_forever(stop)


if __name__ == "__main__":
    if sys.argv[1] == "target":
        serve_target()
    else:
        work(sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) > 4 else None)
