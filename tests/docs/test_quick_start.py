"""Every command of the quick start is run, in its order, by the shell that a reader has."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "quick-start.md"
_END_ALL = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _script() -> str:
    """The commands of the page, on ports that are free here."""
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    text = "set -euo pipefail\n" + _END_ALL + "".join(blocks)
    for port in ("8440", "8450"):
        text = text.replace(port, str(_free_port()))
    return text


@pytest.mark.timeout(240)
@pytest.mark.skipif(shutil.which("curl") is None, reason="the page types curl: sudo apt-get install curl")
def test_every_command_of_the_quick_start_works(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    for kind in ("KEV", "EPSS", "SSVC"):
        environ[f"HOLDFAST_{kind}"] = "none"
    with subprocess.Popen(
        ["bash", "-c", _script()],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            out, _ = shell.communicate(timeout=200)
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, out
    told = ['{"renderer": "acme-pdf"}', "◆ open", "◐ mitigated", '{"renderer": "plain"}', "● resolved", "● intact"]
    places = [out.find(words) for words in told]
    assert -1 not in places, (told, out)
    assert places == sorted(places), out
    headline = re.search(r"^all +time to mitigate +(\S+ \S+)", out, flags=re.MULTILINE)
    assert headline, out  # the advisory came while the service was watched: it is no backlog
    assert headline[1] != "–      –", out
    assert (tmp_path / "pay" / "requirements.txt").read_text() == "acme-pdf==1.5.0\nacme-money==2.0.1\n"
