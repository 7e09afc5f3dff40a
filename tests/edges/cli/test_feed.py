"""`holdfast feed`."""

import json

import pytest

from tests.edges.cli.conftest import RECORD
from tests.edges.cli.shell import Shell


def _osv(shell: Shell) -> str:
    record = {**RECORD, "id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"]}
    shell.write("osv/PyPI/PYSEC-2026-1.json", record)
    return str(shell.files / "osv")


def test_a_pushed_record_is_judged_at_once(exposed: Shell) -> None:
    record = {**RECORD, "id": "ACME-2026-2", "aliases": []}
    record["affected"] = [{"package": {"ecosystem": "PyPI", "name": "jinja2"}, "versions": ["3.1.2"]}]
    items = exposed.json("feed", "push", exposed.write("new.json", record))["items"]
    assert (items[0]["advisory"], items[0]["matched"], items[0]["changed"]) == ("ACME-2026-2", 1, True)
    assert exposed.json("findings", "--text", "jinja2")["total"] == 1


def test_a_record_that_is_none_is_named_and_the_others_are_taken(shell: Shell) -> None:
    path = shell.write("many.json", [{"hello": "world"}, RECORD])
    printed = shell("feed", "push", path, "--format", "json", code=4)
    assert [one["advisory"] for one in printed.json["items"]] == ["ACME-2026-1"]
    assert printed.json["failures"][0]["index"] == 0
    assert f"{path}, record 1: " in printed.err


def test_a_record_comes_from_standard_input(shell: Shell) -> None:
    printed = shell("feed", "push", "-", stdin=json.dumps(RECORD).encode())
    assert "taken" in printed.out


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"nul", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'"\\ud800"'])
def test_a_file_that_is_no_record_is_named(shell: Shell, content: bytes) -> None:
    path = shell.write("bad.json", content)
    printed = shell("feed", "push", path, shell.write("good.json", RECORD), "--format", "json", code=4)
    assert printed.json["failures"][0]["file"] == str(path)
    assert len(printed.json["items"]) == 1


@pytest.mark.parametrize("depth", [100, 400, 800, 950, 1000, 5000])
def test_a_deep_record_is_taken_or_refused_in_words(shell: Shell, depth: int) -> None:
    deep = (
        '{"id": "DEEP-1", "modified": "2026-01-01T00:00:00Z", "database_specific": ' + "[" * depth + "]" * depth + "}"
    )
    path = shell.write("deep.json", deep)
    try:
        assert shell.json("feed", "push", path)["items"][0]["advisory"] == "DEEP-1"
    except AssertionError:
        assert shell.json("feed", "push", path, code=4)


def test_a_sync_of_a_folder_makes_verdicts_rest_on_it(exposed: Shell) -> None:
    printed = exposed("feed", "sync", "--feed", _osv(exposed))
    line = next(line for line in printed.out.splitlines() if line.startswith("PyPI"))
    assert "● fresh" in line
    assert exposed.json("feed", "status")["items"][0]["state"] == "pass"


def test_a_sync_of_no_feed_says_so(exposed: Shell) -> None:
    assert "no feed is named" in exposed("feed", "sync", "--feed", "none", code=2).err
    exposed("feed", "sync", "--feed", exposed.files / "nowhere", code=2)


def test_a_sync_into_no_folder_says_so(exposed: Shell) -> None:
    printed = exposed("feed", "sync", "--data", exposed.files / "nowhere", "--feed", _osv(exposed), code=4)
    assert "there is no data folder" in printed.err


def test_a_feed_without_the_ecosystem_is_unknown_with_the_reason(exposed: Shell) -> None:
    affected = [{"package": {"ecosystem": "npm", "name": "left"}, "versions": ["1.0.0"]}]
    exposed.write("osv/npm/X.json", {**RECORD, "id": "X", "affected": affected})
    printed = exposed("feed", "sync", "--feed", exposed.files / "osv", code=4)
    assert "? unknown" in printed.out


def test_status_exits_5_where_nothing_can_be_told(exposed: Shell) -> None:
    printed = exposed("feed", "status", code=5)
    assert "? unknown" in printed.out
    assert "KEV" in printed.out


def test_status_of_an_empty_inventory_is_fine(shell: Shell) -> None:
    assert "nothing runs yet" in shell("feed", "status").err
