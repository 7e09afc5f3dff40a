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
    assert [(one["statements"], one["signed_by"]) for one in shell.json("vex", "list")["items"]] == [(2, None)]
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


def _clearing(purl: str) -> dict[str, object]:
    statement = {
        "vulnerability": {"name": "CVE-2026-1"},
        "products": [{"@id": purl}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "impact_statement": "we render no forms\x1b[31m",
    }
    head = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://vex.example/1", "author": "Ana"}
    return head | {"timestamp": "2025-01-01T00:00:00Z", "version": 1, "statements": [statement]}


def test_what_runs_is_cleared_with_the_documents_reason_and_open_without_it(exposed: Shell, exposure: str) -> None:
    file = exposed.write("acme.json", _clearing("pkg:pypi/acme-pdf@1.4.0"))
    digest = exposed.json("vex", "keep", "acme", file)["digest"]
    (found,) = exposed.json("findings", "--state", "cleared")["items"]
    assert (found["id"], found["said"]["digest"], found["said"]["document"]) == (exposure, digest, "acme")
    line = exposed("findings").out.splitlines()[1]
    assert line.startswith("○ cleared (backlog, VEX: not affected)")
    out = exposed("explain", exposure).out
    for part in (
        "○ cleared",
        "we render no forms",
        "Ana",
        f"acme {digest}",
        "exposure.cleared",
        "run.dropped",
        "none, cleared after",
    ):
        assert part in out
    assert "\x1b" not in out
    exposed("vex", "keep", "acme", exposed.write("acme.json", _clearing("pkg:pypi/acme-pdf@9")))
    assert exposed.json("findings", "--state", "open")["total"] == 1
    exposed("vex", "keep", "acme", exposed.write("acme.json", _clearing("pkg:pypi/acme-pdf@1.4.0")))
    assert exposed.json("findings", "--state", "open")["total"] == 0
    exposed("vex", "remove", "acme")
    (found,) = exposed.json("findings")["items"]
    assert (found["state"], found["said"], found["clocks"]["cleared_at"]) == ("open", None, None)
    kinds = [one["kind"] for one in exposed.json("explain", exposure)["timeline"]]
    assert kinds.count("exposure.cleared") == kinds.count("exposure.reopened") == 2
