"""One incident through the whole loop, in real processes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from holdfast.app.demo import find_shop
from holdfast.model.instant import parse_instant
from tests.e2e.serving import environment


def play(*options: str, patience_s: float = 110) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "holdfast", "demo", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience_s, env=environment())


def test_the_demo_goes_through_and_its_clocks_stand_still(tmp_path: Path) -> None:
    played = play("--data", str(tmp_path / "data"), "--format", "json")
    assert played.returncode == 0, played.stderr
    document = json.loads(played.stdout)
    finding = document["finding"]
    clocks = {name: parse_instant(at) for name, at in finding["clocks"].items() if at is not None}
    assert finding["state"] == "resolved"
    assert finding["ending"] == "fixed"
    order = ["introduced_at", "disclosed_at", "detected_at", "acted_at", "mitigated_at", "fixed_at", "resolved_at"]
    instants = [clocks[name] for name in (*order, "lifted_at")]
    assert instants == sorted(instants)
    assert [run["state"] for run in document["runs"]] == ["lifted"] or document["runs"][0]["released"]
    assert (tmp_path / "data" / "holdfast.db").is_file()
    assert (tmp_path / "data" / "admin.token").stat().st_mode & 0o777 == 0o600


def copy_shop(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    shutil.copytree(find_shop(), shop)
    return shop


def test_a_demo_of_which_a_step_is_missing_fails(tmp_path: Path) -> None:
    shop = copy_shop(tmp_path)
    manifest = shop / "holdfast.yaml"
    manifest.write_text(manifest.read_text().replace("        coverage: full\n", ""))
    played = play("--shop", str(shop))
    assert played.returncode == 4
    assert "did not go through" in played.stderr
    assert "receipts-off" in played.stderr
    assert "Traceback" not in played.stderr
    assert played.stdout == ""


def test_a_folder_that_is_no_shop_is_said_so(tmp_path: Path) -> None:
    (shop := copy_shop(tmp_path)).joinpath("flags.json").unlink()
    played = play("--shop", str(shop))
    assert played.returncode == 2
    assert "flags.json" in played.stderr
    assert "Traceback" not in played.stderr
