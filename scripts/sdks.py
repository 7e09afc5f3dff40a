"""Install the official SDKs that the end-to-end tests drive, into a git-ignored folder, by exact versions.

They are test clients: nothing of them is shipped. No lock file is written, because one names a registry's host.
"""

import fcntl
import json
import subprocess
import sys
from pathlib import Path

from npm import get_npm

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "tests/e2e/sdks/package.json"
TARGET = ROOT / ".servers/sdks"


def is_installed() -> bool:
    """Whether what is there is what is wanted."""
    kept = TARGET / "package.json"
    wanted = json.loads(SOURCE.read_text())["dependencies"]
    if not kept.exists() or kept.read_text() != SOURCE.read_text():
        return False
    return all((TARGET / "node_modules" / name / "package.json").exists() for name in wanted)


def main() -> None:
    """Install what is missing; prints the folder. Who comes meanwhile waits until it is there."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with (TARGET.parent / "sdks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install()
    print(TARGET)


def _install() -> None:
    if not is_installed():
        part = TARGET / "package.json"
        part.unlink(missing_ok=True)
        part.write_text(SOURCE.read_text())
        command = [
            *get_npm(),
            "install",
            "--no-package-lock",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--silent",
        ]
        done = subprocess.run(command, cwd=TARGET, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            part.unlink()
            sys.exit(f"the SDKs could not be installed: {done.stderr[-500:]}")


if __name__ == "__main__":
    main()
