"""A repository with a remote, as a pipeline checks it out, and the scripts that a pipeline would run in it."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.edges.providers.bucket import record, write_bucket
from tests.edges.providers.test_git_tree import git

ROOT = Path(__file__).parents[2]
HOSTILE = "a';touch${IFS}pwned;\"$(touch${IFS}pwned)`touch${IFS}pwned`&&touch${IFS}pwned|#"
"""A branch's name that Git takes, and that runs a program wherever a shell reads it."""
_POLICY = "min_score: {default: 0}\nrules:\n  - {id: high, when: finding.cvss >= 7.0, then: block}\n"
_OLD = "old-1==1.0\nold-2==1.0\n"


@dataclass(frozen=True)
class Stand:
    """A checkout of a change, the advisories, and a folder for what the system itself keeps."""

    checkout: Path
    feed: Path
    temporary: Path

    def run(self, shell: Sequence[str], script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a script as a system does: from a file, in the checkout, with its variables and few others."""
        file = self.temporary / "script.sh"
        file.write_text(script)
        known = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.temporary),
            "HOLDFAST_DATA": str(self.temporary / "data"),
        }
        done = subprocess.run(
            [*shell, str(file)], cwd=self.checkout, env=known | dict(variables),
            capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        assert sorted(self.checkout.parent.rglob("pwned")) == []
        return done

    def change(self, path: str, text: str) -> None:
        """Commit a file on the change's branch."""
        (self.checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (self.checkout / path).write_text(text)
        git(self.checkout, "add", "-A")
        git(self.checkout, "commit", "-qm", "a change")

    def move_target(self, policy: str) -> None:
        """Commit a policy to the branch that the change goes to, after the change began."""
        remote = self.checkout.parent / "remote"
        git(remote, "checkout", "-q", "main")
        _commit(remote, ".holdfast/policy.yaml", policy)


def make_stand(folder: Path, target: str = "main", *, added: str = "lamp==1.0\n") -> Stand:
    """Make a remote whose branch `target` has two old findings, and a shallow checkout of a change to it."""
    remote, temporary = folder / "remote", folder / "temporary"
    temporary.mkdir()
    git(folder, "init", "-q", "-b", target, str(remote))
    for number in range(3):  # more history than a shallow checkout has
        _commit(remote, "README", str(number))
    _commit(remote, ".holdfast/policy.yaml", _POLICY)
    _commit(remote, "requirements.txt", _OLD)
    git(remote, "checkout", "-qb", "change")
    _commit(remote, "requirements.txt", _OLD + added)
    checkout = folder / "checkout"
    git(folder, "clone", "-q", "--depth=1", "--branch=change", "--single-branch", f"file://{remote}", str(checkout))
    git(checkout, "config", "protocol.file.allow", "always")
    names = ("lamp", "old-1", "old-2")
    feed = write_bucket(folder / "osv", {"PyPI": [record(f"L-{name}", name=name) for name in names]})
    return Stand(checkout, feed, temporary)


def _commit(top: Path, path: str, text: str) -> None:
    (top / path).parent.mkdir(exist_ok=True)
    (top / path).write_text(text)
    git(top, "add", "-A")
    git(top, "commit", "-qm", path)


def make_wheel(folder: Path) -> Path:
    """Write a package `holdfast` without requirements, whose program says with what it was called."""
    file = folder / "holdfast-9.9.9-py3-none-any.whl"
    about = "holdfast-9.9.9.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("holdfast_stub.py", "import sys\n\ndef main():\n    print('called with', sys.argv[1:])\n")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: holdfast\nVersion: 9.9.9\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/entry_points.txt", "[console_scripts]\nholdfast = holdfast_stub:main\n")
        archive.writestr(f"{about}/RECORD", "")
    return file
