"""The operator's file: one that is not in order stops the server's start, and no command that needs none of it."""

import os
from pathlib import Path

import pytest

from holdfast.app.examining_outside import examine_targets
from holdfast.app.house import open_house
from holdfast.app.outside import require_targets
from holdfast.app.settings import ORG, Settings, read_settings
from holdfast.app.up import serve
from holdfast.errors import ActionError, FactError, PlanError, UnsentError
from holdfast.loop.drills_inputs import load_seen

GOOD = """\
commands:
  - {name: drain, kind: process, apply: [/bin/true]}
notify:
  - {name: room, kind: chat, url: "env:ROOM"}
"""


def written(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "targets.yaml").write_text(text)
    (data / "targets.yaml").chmod(0o600)
    return read_settings(data, feed="none", environ=environ or {})


def test_file_is_the_named_one_or_the_data_folders(tmp_path: Path) -> None:
    assert read_settings(tmp_path, environ={}).targets is None
    (tmp_path / "targets.yaml").touch()
    assert read_settings(tmp_path, environ={}).targets == tmp_path / "targets.yaml"
    assert read_settings(tmp_path, environ={"HOLDFAST_TARGETS": "/etc/x.yaml"}).targets == Path("/etc/x.yaml")


def test_server_does_not_start_with_a_file_that_is_not_in_order(tmp_path: Path) -> None:
    settings = written(tmp_path, "commands:\n  - {name: drain, kind: proces, apply: [/bin/true]}\n")
    with pytest.raises(FactError, match="`commands` has no kind `proces`") as caught:
        serve(settings, "127.0.0.1", 0, open_browser=False, here=None)
    assert caught.value.where == f"{settings.targets}:2:25"
    assert os.listdir(settings.data) == ["targets.yaml"], "nothing was begun"


def test_named_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, feed="none", environ={"HOLDFAST_TARGETS": str(tmp_path / "gone.yaml")})
    with pytest.raises(FactError, match="can't be read: No such file"):
        require_targets(settings)


def test_house_without_a_server_says_it_when_something_outside_is_wanted(tmp_path: Path) -> None:
    house = open_house(written(tmp_path, "commands: 7\n"))
    try:
        assert house.outside.problem is not None
        with pytest.raises(PlanError, match="the operator's file is not in order: expected a list") as caught:
            house.outside.targets.of(ORG).command("drain")
        assert (caught.value.where or "").endswith("targets.yaml:1:11")
        assert list(house.outside.receivers.of(ORG).notifiers()) == []
    finally:
        house.close()


def test_house_needs_no_secret_before_it_is_used(tmp_path: Path) -> None:
    house = open_house(written(tmp_path, GOOD))
    try:
        assert house.outside.targets.command("drain").run({}, "k").status == 0
        with pytest.raises(PlanError, match="`ROOM` is not set"):
            house.outside.receivers.notifier("room").send("t", "x", "k")
    finally:
        house.close()


def test_server_needs_every_secret(tmp_path: Path) -> None:
    with pytest.raises(FactError, match="`ROOM` is not set"):
        require_targets(written(tmp_path, GOOD))


def test_entries_are_noted_for_their_org_alone(tmp_path: Path) -> None:
    other = "http:\n  - {name: theirs, kind: signed, url: 'http://x', secret: 'env:X', org: org_b}\n"
    house = open_house(written(tmp_path, GOOD + other))
    try:
        house.outside.note(house.store, house.clock)
        with house.store.read(ORG) as tx:
            assert {one["name"] for one in load_seen(tx).configured} == {"drain", "room"}
            before = tx.journal.head()
        house.outside.note(house.store, house.clock)
        with house.store.read(ORG) as tx:
            assert tx.journal.head() == before
    finally:
        house.close()


def test_doctor_asks_each_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("https://chat.example/x")
    secret.chmod(0o644)
    text = GOOD.replace("env:ROOM", f"file:{secret}")
    settings = written(tmp_path, text + "metrics:\n  - {name: prom, kind: prometheus, url: 'http://127.0.0.1:1'}\n")
    found = [(check.what, check.is_fine, check.words) for check in examine_targets(settings)]
    assert found[0] == ("operator's file", True, f"3 target(s) in {settings.targets}")
    assert found[1] == ("commands: drain", True, "process: it can be used")
    assert found[2] == ("notify: room", True, "chat: it can be used")
    assert found[3] == ("notify: room", None, f"{secret} has mode 644: other users can read it")
    assert found[4][:2] == ("metrics: prom", False)
    assert "Connection refused" in found[4][2]


def test_doctor_tells_every_mistake(tmp_path: Path) -> None:
    settings = written(tmp_path, GOOD + "x: []\n")
    found = [(check.is_fine, check.words) for check in examine_targets(settings)]
    assert [is_fine for is_fine, _ in found] == [False, False]
    assert ["env" in words or "section" in words for _, words in found] == [True, True]


def test_doctor_notes_that_there_is_none(tmp_path: Path) -> None:
    (check,) = examine_targets(read_settings(tmp_path, environ={}))
    assert check.is_fine is None


def test_house_sends_probes_to_the_named_hosts_alone(tmp_path: Path) -> None:
    house = open_house(written(tmp_path, GOOD + "probes: {hosts: ['127.0.0.1:1']}\n"))
    try:
        with pytest.raises(UnsentError, match=r"the operator lets no probe ask `127\.0\.0\.1:2`"):
            house.probe_http.open("GET", "http://127.0.0.1:2/", headers={}, timeout_s=1).__enter__()
        with pytest.raises(ActionError, match=r"the operator lets no probe ask `shop\.example:22`"):
            house.tcp.connect("shop.example", 22, 1)
        with pytest.raises(UnsentError, match="refused"):
            house.probe_http.open("GET", "http://127.0.0.1:1/", headers={}, timeout_s=1).__enter__()
        assert house.drills.stage().http is house.probe_http
        assert [one.section for one in house.outside.of("org_other")] == ["probes"], "they hold for every org"
        assert "probes" not in [one.section for one, _ in house.outside.asks(ORG)]
    finally:
        house.close()


def test_house_sends_no_probe_by_a_file_that_is_not_in_order(tmp_path: Path) -> None:
    house = open_house(written(tmp_path, "probes: {hosts: 7}\n"))
    try:
        with pytest.raises(UnsentError, match="not in order"):
            house.probe_http.open("GET", "http://127.0.0.1:1/", headers={}, timeout_s=1).__enter__()
    finally:
        house.close()


def test_doctor_tells_that_probes_are_bound(tmp_path: Path) -> None:
    settings = written(tmp_path, "probes: {hosts: [a.example, b.example]}\n")
    found = [check.words for check in examine_targets(settings)]
    assert found == [f"0 target(s) in {settings.targets}", "they may ask 2 host(s), and no other"]
