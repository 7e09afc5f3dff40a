"""A flag system that is down is noticed while nobody needs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.app.house import House, open_house
from holdfast.app.provider_keeping import ProviderKeeper
from holdfast.app.settings import ORG, read_settings
from holdfast.loop.provider_health import find_outage, list_health
from tests.loop.shop import make_plan

FLAGS = '{"flags": {"tax": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}}}'


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    path = tmp_path / "flags.json"
    path.write_text(FLAGS)
    return path


@pytest.fixture
def house(tmp_path: Path, flags: Path) -> Iterator[House]:
    targets = tmp_path / "targets.yaml"
    targets.write_text(f"version: 1\nflags:\n  - {{name: flagd, kind: flagd_file, environment: qa, path: {flags}}}\n")
    targets.chmod(0o600)
    environ = {"HOLDFAST_TARGETS": str(targets)}
    opened = open_house(read_settings(tmp_path / "data", feed="none", environ=environ))
    try:
        yield opened
    finally:
        opened.close()


def journal(house: House) -> list[str]:
    with house.store.read(ORG) as tx:
        return [entry.kind for entry in tx.journal.read(0) if entry.kind.startswith("provider.")]


def test_outage_is_noticed_and_shown_and_so_is_its_end(house: House, flags: Path) -> None:
    keeper = ProviderKeeper(house)
    assert keeper.look() == []
    flags.rename(flags.with_suffix(".away"))
    (down,) = keeper.look()
    assert "can't be read" in (down.problem or "")
    with house.store.read(ORG) as tx:
        health, plan, now = list_health(tx), make_plan(), house.clock.now()
    assert "the flag system `flagd` can't be used since" in (find_outage(health, plan, "qa", "shop", now) or "")
    assert find_outage(health, plan, "production", "shop", now) is None
    assert keeper.look() == []
    flags.with_suffix(".away").rename(flags)
    (up,) = keeper.look()
    assert up.problem is None
    assert journal(house) == ["provider.down", "provider.up"]


def test_server_without_anything_outside_writes_nothing(tmp_path: Path) -> None:
    house = open_house(read_settings(tmp_path / "data", feed="none", environ={}))
    try:
        with house.store.read(ORG) as tx:
            before = tx.journal.head()
        assert ProviderKeeper(house).look() == []
        with house.store.read(ORG) as tx:
            assert tx.journal.head() == before
            assert list_health(tx) == ()
    finally:
        house.close()
