"""`holdfast vex` against the local store."""

import json
from pathlib import Path

from tests.edges.cli.shell import Shell
from tests.facts.vex.documents import OPENVEX, changed


def test_a_document_is_kept_listed_and_removed(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "vendor.json"
    file.write_text(json.dumps(changed(OPENVEX, (("statements", 1, "products"), [{"@id": "cpe:/a:x"}]))))
    assert "no VEX document" in shell("vex", "list").err
    done = shell("vex", "keep", "vendor", str(file))
    assert "Shop Security" in done.out
    assert "matches nothing" in done.err
    assert [one["statements"] for one in shell.json("vex", "list")["items"]] == [2]
    assert shell.json("vex", "remove", "vendor")["name"] == "vendor"
    assert shell.json("vex", "list")["items"] == []
    shell("vex", "remove", "vendor", code=4)


def test_what_is_no_document_is_refused(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "vendor.json"
    file.write_text("{}")
    assert "no known format" in shell("vex", "keep", "vendor", str(file), code=4).err
    shell("vex", "keep", "vendor", str(tmp_path / "none.json"), code=2)
    file.write_bytes(b" " * ((1 << 20) + 1))
    assert "at most 1 MiB" in shell("vex", "keep", "vendor", str(file), code=4).err
