"""Lay the shop out as releases, each in a folder of its own, sealed when it is whole.

    python examples/shop/releases.py ROOT 1.0.0=1.4.2 2.0.0=1.4.0 2.0.1=1.4.2

makes ROOT/releases/1.0.0 with acme-pdf 1.4.2 in its lock file, and so on. The first one becomes ROOT/current, unless
there is one already. Then

    holdfast supervise run --root ROOT --health http://127.0.0.1:8441/healthz -- python shop.py --port 8441

keeps the current one running.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("shop.py", "recommendations.py", "requirements.txt", "holdfast.yaml", "packages")


def lay_out(root: Path, version: str, acme_pdf: str) -> Path:
    """Copy the shop to its release's folder, with that version of acme-pdf, and seal it."""
    folder = root / "releases" / version
    folder.mkdir(parents=True)
    for name in PARTS:
        source = HERE / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    lock = folder / "requirements.txt"
    lock.write_text(re.sub(r"(?m)^acme-pdf==.*$", f"acme-pdf=={acme_pdf}", lock.read_text()))
    (folder / "VERSION").write_text(f"{version}\n")
    subprocess.run([sys.executable, "-m", "holdfast", "supervise", "seal", "--root", str(root), version], check=True)
    return folder


def main() -> None:
    """Lay out what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("releases", nargs="+", metavar="VERSION=ACME_PDF")
    asked = parser.parse_args()
    for text in asked.releases:
        version, _, acme_pdf = text.partition("=")
        lay_out(asked.root, version, acme_pdf or "1.4.2")
        link = asked.root / "current"
        if not link.is_symlink():
            link.symlink_to(Path("releases") / version)


if __name__ == "__main__":
    main()
