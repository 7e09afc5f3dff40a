"""`holdfast flags serve` in a process of its own, and applications that speak in lines of JSON."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.serving import PATIENCE_S, environment

ROOT = Path(__file__).parents[2]
SDKS = Path(__file__).parent / "sdks"


@dataclass
class RelayProcess:
    """A running relay. `said` is what it wrote on stderr so far, line by line."""

    url: str
    flagd_port: int
    process: "subprocess.Popen[str]"
    said: list[str]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=PATIENCE_S)


@contextmanager
def relay(server: str, token: str, snapshot: Path, *options: str) -> Iterator[RelayProcess]:
    """Start a relay at ports of its own; it ends with the context, if it was not killed before."""
    command = [sys.executable, "-m", "holdfast", "flags", "serve", "--from", server, "--environment", "production"]
    command += ["--snapshot", str(snapshot), "--port", "0", "--flagd-port", "0", *options]
    with subprocess.Popen(
        command, env=environment(HOLDFAST_TOKEN=token), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        said: list[str] = []
        while len([line for line in said if " at " in line and "from disk" not in line]) < 2:
            line = process.stderr.readline()
            assert line, said
            said.append(line.strip())
        listening = [line for line in said if " at " in line and "from disk" not in line]
        drain = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
        drain.start()
        try:
            yield RelayProcess(listening[0].split()[-1], int(listening[1].rsplit(":", 1)[1]), process, said)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)
            drain.join(timeout=5)


@dataclass
class Application:
    """A program that answers a line with a line."""

    process: "subprocess.Popen[str]"

    def ask(self, question: str) -> dict[str, Any]:
        """Return its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        """Return its next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the application ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def application(*command: str) -> Iterator[Application]:
    """Start a program, and wait until it says that it is ready."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        started = Application(process)
        try:
            assert started.read() == {"ready": True}
            yield started
        finally:
            process.kill()
            process.wait(timeout=PATIENCE_S)


@contextmanager
def python_application(port: int) -> Iterator[Application]:
    """Start the application in Python with flagd's in-process provider."""
    with application(sys.executable, str(SDKS / "app.py"), str(port)) as started:
        yield started


def sdks_or_skip() -> Path:
    """Return where the official SDKs of Node and the browser are; installs them, skips without npm, fails in CI."""
    because = "no node" if shutil.which("node") is None else ""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/sdks.py")], capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode != 0:
        because = done.stderr.strip()[-300:]
    if because:
        if os.environ.get("CI"):
            pytest.fail(because)
        pytest.skip(because)
    return Path(done.stdout.strip())
