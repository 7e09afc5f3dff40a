"""A spool beside a store that was away: served at once, merged once, whatever happens in between."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openfeature.evaluation_context import EvaluationContext

from holdfast.app.house import House, open_house
from holdfast.app.settings import ORG, read_settings
from holdfast.app.spooling import SpoolKeeper
from holdfast.edges.providers.spool_file import SpoolFile
from holdfast.loop.break_glass import lift_force, parse_spool, write_line
from holdfast.loop.flags import define_flag
from holdfast.mitigations.evaluation import Evaluated
from tests.loop.shop import ON_OFF, T0

FIELDS = {
    "org": ORG,
    "environment": "production",
    "flag": "tax",
    "variant": "off",
    "reason": "it is being exploited",
    "by": "tok_1",
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(read_settings(tmp_path, feed="none", environ={}))
    with opened.store.write(ORG, T0) as tx:
        define_flag(tx, "production", "tax", ON_OFF, T0)
    yield opened
    opened.close()


def spool(house: House, **fields: str) -> SpoolFile:
    """Write a line as a command does while the store is away."""
    file = SpoolFile(house.settings.data)
    file.append(lambda text: write_line(parse_spool(text).last_hash, {**FIELDS, **fields}, T0))
    return file


def served(house: House) -> str | None:
    """Return the variant that applications get."""
    out = house.flag_server.evaluate_one(ORG, "production", "tax", EvaluationContext())
    assert isinstance(out, Evaluated)
    return out.variant


def merged(house: House) -> list[str]:
    """Return the overlays that the store knows, lifted or not, by their journal."""
    with house.store.read(ORG) as tx:
        return [entry.kind for entry in tx.journal.read() if entry.kind == "flag.break_glass"]


def test_spooled_force_is_served_before_the_store_knows_of_it(house: House) -> None:
    assert served(house) == "on"
    spool(house)
    assert served(house) == "off"
    assert merged(house) == []


def test_spool_is_merged_once_and_put_aside(house: House) -> None:
    file = spool(house)
    keeper = SpoolKeeper(house)
    assert keeper.look() == 1
    assert (file.read(), served(house), merged(house)) == ("", "off", ["flag.break_glass"])
    assert keeper.look() == 0
    with house.store.write(ORG, T0) as tx:
        (overlay,) = tx.overlays.active("production", "tax")
        lift_force(tx, overlay.id, "per_1", T0)
    assert served(house) == "on"


def test_crash_between_merging_and_putting_aside_merges_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    file = spool(house)
    monkeypatch.setattr(SpoolFile, "retire", lambda *_: None)  # the process ends before it
    SpoolKeeper(house).look()
    assert file.read() != ""
    monkeypatch.undo()
    SpoolKeeper(house).look()
    assert (file.read(), merged(house)) == ("", ["flag.break_glass"])


def test_waiting_streams_are_told_when_the_spool_changes(house: House) -> None:
    told: list[int] = []
    house.flag_feed.subscribe(ORG, "production", told.append)
    spool(house)
    SpoolKeeper(house).look()
    assert told


def test_line_of_an_org_that_is_not_there_is_put_aside(house: House) -> None:
    file = spool(house, org="nobody")
    assert SpoolKeeper(house).look() == 0
    assert (file.read(), merged(house)) == ("", [])
    assert len(list((house.settings.data / "spool").glob("*.merged.jsonl"))) == 1


def test_spool_with_nothing_but_a_torn_line_is_kept_journaled_and_told(house: House) -> None:
    """Twice: the second does not write over the first, and each is told once."""
    keeper = SpoolKeeper(house)
    torn = iter(('{"schema": "holdfast', '{"sch'))
    for _ in range(2):
        file = SpoolFile(house.settings.data)
        file.append(lambda _: next(torn))
        assert keeper.look() == 0
        assert file.read() == ""
    folder = house.settings.data / "spool"
    kept = {path.name: path.read_text() for path in folder.glob("*.merged.jsonl")}
    assert sorted(kept.values()) == ['{"sch', '{"schema": "holdfast']
    with house.store.read(ORG) as tx:
        told = [json.loads(entry.body) for entry in tx.journal.read() if entry.kind == "break_glass.spool"]
        messages = [tx.outbox.get(one["id"]).body for one in told]
    assert [one["problems"] for one in told] == [["line 1 is torn or was changed; it is kept, and forces nothing"]] * 2
    assert all(any(name in body for name in kept) and "line 1" in body for body in messages)


def test_damage_is_told_once_whatever_happens_in_between(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    spool(house)
    SpoolFile(house.settings.data).append(lambda _: "torn")
    monkeypatch.setattr(SpoolFile, "retire", lambda *_: None)  # the process ends before it, twice
    SpoolKeeper(house).look()
    SpoolKeeper(house).look()
    with house.store.read(ORG) as tx:
        kinds = [entry.kind for entry in tx.journal.read()]
    assert (kinds.count("break_glass.spool"), kinds.count("flag.break_glass")) == (1, 1)
