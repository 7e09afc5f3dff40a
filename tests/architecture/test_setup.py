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


def _lay_out(folder: Path, stamps: tuple[str, ...]) -> None:
    """Lay out a checkout in which the steps of `stamps` are done."""
    for number, name in enumerate((*NEEDED, *stamps)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    shutil.copyfile(ROOT / "Makefile", folder / "Makefile")


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _make(folder: Path, *, code: int) -> subprocess.CompletedProcess[str]:
    """Run set-up where all of Python is there already, and where the servers and the scanners wait for one another."""
    _lay_out(folder, STAMPS)
    servers, scanners = folder / "scripts/test-servers.sh", folder / "scripts/scanners.sh"
    servers.write_text("#!/bin/bash\n" + MEETS.format(name="servers", other="gitleaks", code=code))
    part = MEETS.format(name="gitleaks", other="servers", code=0).replace("\n", " >&2\n", 2)
    scanners.write_text('#!/bin/bash\n[ "$1" = gitleaks ] || exit 0\n' + part)
    for path in (servers, scanners):
        path.chmod(0o755)
    return _run(folder, "make", "setup-test")


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


def test_two_installs_into_one_environment_do_not_run_side_by_side(tmp_path: Path) -> None:
    """The pages' scripts may bring Node into it, and so do the tools of developers: these wait, and do not begin."""
    _lay_out(tmp_path, STAMPS[:2])
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir()
    python.write_text('#!/bin/bash\necho "$*" >> asked\n[[ "$*" != *vendor.py* ]]\n')
    python.chmod(0o755)
    assert _run(tmp_path, "make", "--jobs=4", "--keep-going", "setup-dev").returncode != 0
    asked = (tmp_path / "asked").read_text()
    assert "vendor.py" in asked
    assert "requirements/dev.txt" not in asked
