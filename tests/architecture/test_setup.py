"""Steps of set-up run side by side: one that fails fails all, and each speaks in one piece."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAMPS = (".venv/.python", ".venv/.setup", "src/holdfast/edges/web/static/vendor/.done", ".venv/.dev")
NEEDED = (
    *("pyproject.toml", "scripts/vendor.py", "scripts/npm.py"),
    *(f"requirements/{name}.txt" for name in ("runtime", "build", "shop", "node", "dev")),
)
MEETS = """
echo {name} begins
touch "$PWD/{name}.here"
for _ in $(seq 3000); do [ -e "$PWD/{other}.here" ] && break; sleep 0.02; done
[ -e "$PWD/{other}.here" ] || exit 9
echo {name} ends
exit {code}
"""


def _make(folder: Path, *, code: int) -> subprocess.CompletedProcess[str]:
    """Run set-up where all of Python is there already, and where the servers and the scanners wait for one another."""
    for number, name in enumerate((*NEEDED, *STAMPS)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    shutil.copyfile(ROOT / "Makefile", folder / "Makefile")
    servers, scanners = folder / "scripts/test-servers.sh", folder / "scripts/scanners.sh"
    servers.write_text("#!/bin/bash\n" + MEETS.format(name="servers", other="gitleaks", code=code))
    part = MEETS.format(name="gitleaks", other="servers", code=0).replace("\n", " >&2\n", 2)
    scanners.write_text('#!/bin/bash\n[ "$1" = gitleaks ] || exit 0\n' + part)
    for path in (servers, scanners):
        path.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "setup-test"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def _needs_make() -> None:
    if shutil.which("make") is None:
        pytest.skip("there is no make")


def test_steps_run_side_by_side_and_speak_in_one_piece(tmp_path: Path) -> None:
    done = _make(tmp_path, code=0)
    assert done.returncode == 0, done.stderr
    assert "servers begins\nservers ends\n" in done.stdout


def test_a_step_that_fails_fails_all_with_its_own_words(tmp_path: Path) -> None:
    done = _make(tmp_path, code=3)
    assert done.returncode != 0
    assert "servers begins\nservers ends\n" in done.stdout
    assert "servers] Error 3" in done.stderr
