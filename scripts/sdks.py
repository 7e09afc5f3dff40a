"""Install the official SDKs that the end-to-end tests drive, into a git-ignored folder, pinned by hash.

They are test clients: nothing of them is shipped. The lock file names no registry's host.
"""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

from npm import get_npm

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "requirements/sdks"
FILES = ("package.json", "package-lock.json")
TARGET = ROOT / ".servers/sdks"


def is_installed() -> bool:
    """Whether what is there is what is wanted."""
    kept = TARGET / ".installed"
    return kept.exists() and kept.read_bytes() == (SOURCE / "package-lock.json").read_bytes()


def main() -> None:
    """Install what is missing; prints the folder. Who comes meanwhile waits until it is there."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with (TARGET.parent / "sdks.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install()
    print(TARGET)


def _install() -> None:
    if is_installed():
        return
    (TARGET / ".installed").unlink(missing_ok=True)
    for name in FILES:
        shutil.copyfile(SOURCE / name, TARGET / name)
    command = [*get_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=TARGET, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"the SDKs could not be installed: {done.stderr[-500:]}")
    shutil.copyfile(TARGET / "package-lock.json", TARGET / ".installed")


if __name__ == "__main__":
    main()
