"""Release folders with a small server in each, and the real supervisor over them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.edges.providers.deployers._running import BySupervisor
from holdfast.edges.providers.deployers._seen import HealthAddress
from holdfast.edges.providers.deployers.directories import DirectoriesDeployer
from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.release_folder import seal_release
from holdfast.model.frozen import frozen
from holdfast.model.supervised import STATUS_FILE, supervised_from_json
from holdfast.ports.deployer import Deployed
from holdfast.testing.deployers import Cut

PATIENCE_S = 30.0

SERVER = """
import http.server, json, pathlib, sys

VERSION = pathlib.Path("VERSION").read_text().strip()
STATUS = 500 if VERSION == "sick" else 200


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"version": VERSION}).encode()
        self.send_response(STATUS)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(holds: Callable[[], bool], what: str) -> None:
    """Look until something holds."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        if holds():
            return
        pause.wait(0.05)
    raise AssertionError(f"waited in vain for {what}")


def put_release(root: Path, version: str, *, seal: bool = True) -> Path:
    """Copy a release to its folder."""
    folder = root / "releases" / version
    folder.mkdir(parents=True)
    (folder / "VERSION").write_text(version)
    (folder / "server.py").write_text(SERVER)
    if seal:
        seal_release(folder, version)
    return folder


def make_root(root: Path) -> None:
    """Lay out what the suite of deployers wants to find."""
    for version in ("1.0", "2.0", "sick", "half"):
        put_release(root, version)
    (root / "releases" / "half" / "server.py").unlink()
    (root / "releases" / "3.0").mkdir()
    (root / "current").symlink_to("releases/1.0")


@dataclass
class FolderRig:
    """Release folders under a supervisor in a process of its own."""

    root: Path
    port: int
    process: "subprocess.Popen[bytes]"
    http: HttpxHttp
    first: int = 0
    cutting: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def open(self) -> DirectoriesDeployer:
        address = HealthAddress(self.http, self.url, "/version", 5.0)
        running = _Cutting(self.root, self) if self.cutting else BySupervisor(self.root)
        return DirectoriesDeployer("shop", "default", self.root, running, address)

    def settle(self, version: str) -> Deployed:
        if version == "sick":
            wait_for(lambda: "500" in self.open().read().detail, version)
        else:
            wait_for(lambda: (seen := self.open().read()).version == version and bool(seen.healthy), version)
        return self.open().read()

    def pointer(self) -> object:
        return (self.root / "current").readlink()

    def starts(self) -> int:
        return supervised_from_json((self.root / STATUS_FILE).read_text()).starts - self.first

    def cut_next(self) -> None:
        self.cutting = True


@frozen
class _Cutting(BySupervisor):
    """Ends the process that deploys instead of restarting."""

    rig: FolderRig

    def restart(self) -> None:
        self.rig.cutting = False
        raise Cut


def start_supervisor(root: Path, port: int, *, health: bool = True) -> "subprocess.Popen[bytes]":
    """Start the real supervisor over a server per release."""
    check = ["--health", f"http://127.0.0.1:{port}/"] if health else []
    command = [sys.executable, "-m", "holdfast", "supervise", "run", "--root", str(root), *check, "--"]
    return subprocess.Popen([*command, sys.executable, "server.py", str(port)], stderr=subprocess.DEVNULL)


@contextmanager
def supervised(root: Path) -> Iterator[FolderRig]:
    """Give folders whose release `1.0` runs and is healthy."""
    make_root(root)
    port, http = free_port(), HttpxHttp()
    process = start_supervisor(root, port)
    rig = FolderRig(root, port, process, http)
    try:
        wait_for(lambda: rig.open().find_problem() is None, "the supervisor")
        rig.settle("1.0")
        rig.first = rig.starts()
        yield rig
    finally:
        rig.process.terminate()
        rig.process.wait(timeout=PATIENCE_S)
        http.close()
        shutil.rmtree(root)


def is_running(pid: int) -> bool:
    """Whether a process lives; one that ended and was not yet waited for does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=PATIENCE_S)
