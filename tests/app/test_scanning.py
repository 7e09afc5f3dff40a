"""A scan in a process of its own: what it imports, how long it takes."""

import json
import subprocess
import sys
from pathlib import Path

from tests.edges.providers.bucket import record, write_bucket

HEAVY = {"sqlalchemy", "alembic", "litestar", "rich", "httpx", "cvss", "jsonschema", "cryptography", "psycopg"}
ELSEWHERE = {"holdfast.gate", "holdfast.controls.cel", "holdfast.facts.binaries", "holdfast.facts.vex", "zipfile"}
"""What a scan of a lock file with synced advisories has no use for: each costs it milliseconds."""
PROGRAM = """
import json, sys
from holdfast.app.scanning import scan
try:
    scan(sys.argv[1:])
finally:
    json.dump(sorted(sys.modules), sys.stderr)
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_a_scan_imports_nothing_heavy(tmp_path: Path) -> None:
    feed = write_bucket(tmp_path / "osv", {"PyPI": [record("L-1")]})
    (tmp_path / "requirements.txt").write_text("lamp==1.0\n")
    arguments = [str(tmp_path / "requirements.txt"), "--feed", str(feed), "--data", str(tmp_path / "data")]
    first = _run(*arguments, "--format", "json")
    assert first.returncode == 0, first.stderr
    again = _run(*arguments, "--format", "json")
    assert again.stdout == first.stdout
    assert len(json.loads(again.stdout)["findings"]) == 1
    modules = set(json.loads(again.stderr.splitlines()[-1]))
    imported = {name.partition(".")[0] for name in modules}
    assert "holdfast" in imported
    assert sorted(imported & HEAVY) == []
    assert sorted(modules & ELSEWHERE) == []
