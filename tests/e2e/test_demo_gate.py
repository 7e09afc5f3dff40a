"""A change at the gate, played with real commands, a real Git and a real server."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.test_demo import play


@pytest.mark.timeout(400)
def test_the_gates_demo_goes_through(tmp_path: Path) -> None:
    played = play("gate", "--data", str(tmp_path / "kept"), "--format", "json", patience_s=380)
    assert played.returncode == 0, played.stderr
    seen = json.loads(played.stdout)
    assert [one["id"] for one in seen["blocked"]["blocking"]] == ["ACME-2026-0001"]
    assert seen["blocked"]["existing"] == 40
    assert seen["loosened"]["verdict"] == "blocked"
    assert (seen["waived"]["while"]["verdict"], seen["waived"]["after"]["verdict"]) == ("pass", "blocked")
    assert seen["fixed"]["verdict"] == "pass"
    assert seen["server"]["replay"]["newly_held"] == 1
    assert len(seen["server"]["estate"]["items"]) == 50
    assert bool(seen["image"]) is (shutil.which("docker-registry") is not None)
    assert "$ holdfast gate . --base main" in played.stderr


def test_the_gates_demo_takes_no_folder_that_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    refused: subprocess.CompletedProcess[str] = play("gate", "--data", str(tmp_path))
    assert (refused.returncode, (tmp_path / "mine").read_text()) == (2, "x")
    assert play("gate", "--server", "http://127.0.0.1:9").returncode == 2
