"""`holdfast up` in a process of its own, and an application that a plan's probe looks at."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.answering import Asked, answering

PATIENCE_S = 60.0


def environment(**more: str) -> dict[str, str]:
    """Return the variables of a process that asks nobody outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return {**kept, **{f"HOLDFAST_{name}": "none" for name in ("KEV", "EPSS", "SSVC")}, **more}


@dataclass
class Server:
    """A running server and its administrator's client."""

    url: str
    process: "subprocess.Popen[str]"
    client: httpx.Client
    login: str

    def call(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """Ask the API; any success will do unless a status is named."""
        answer = self.client.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success if status is None else answer.status_code == status, (path, answer.text)
        return answer.json()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=PATIENCE_S)


@contextmanager
def serve(data: Path, *options: str, **variables: str) -> Iterator[Server]:
    """Start a server on a data folder; it ends with the context, if it was not killed before."""
    command = [sys.executable, "-m", "holdfast", "up", "--data", str(data), "--port", "0", "--no-open", *options]
    with subprocess.Popen(command, env=environment(**variables), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        greeting = process.stderr.readline()
        assert "serves at" in greeting, greeting + process.stderr.read()
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        url = greeting.split()[-1]
        token = (data / "admin.token").read_text().strip()
        with httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_S, trust_env=False
        ) as client:
            login = process.stderr.readline().split()[-1]
            drain.start()
            wait_until(lambda: _is_ready(client, process))
            try:
                yield Server(url, process, client, login)
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE_S)
                drain.join(timeout=5)


def _is_ready(client: httpx.Client, process: "subprocess.Popen[str]") -> bool:
    assert process.poll() is None, "the server ended"
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        if holds():
            return
        pause.wait(0.05)
    raise AssertionError("waited in vain")


@dataclass
class Application:
    """A stub that answers every request with `state`, and counts."""

    url: str = ""
    state: dict[str, Any] = field(default_factory=dict)
    asked: int = 0


@contextmanager
def application() -> Iterator[Application]:
    """Serve a stub application."""
    stub = Application()

    def respond(_: Asked) -> tuple[int, object]:
        stub.asked += 1
        return 200, stub.state

    with answering(respond) as stub.url:
        yield stub
