"""What a data folder's own API sees to when no server runs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.app.house import House, open_house
from holdfast.app.local_api import LocalApi, open_local_api
from holdfast.app.settings import ORG, read_settings
from holdfast.loop.turn import Turn
from holdfast.loop.waiving import WaiverAsk, approve_waiver, ask_waiver
from holdfast.model.tenancy import Permission
from holdfast.model.waiver import KeptWaiver, Status
from tests.loop.test_heard import expose
from tests.loop.world import World

LATER = timedelta(days=20)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(read_settings(tmp_path, feed="none", environ={}))
    yield opened
    opened.close()


def act(house: House, person: str, deed: Callable[[Turn], KeptWaiver]) -> KeptWaiver:
    """Do something in one transaction as a person."""
    token = replace(World(house.store, org=ORG).token(Permission.BUILDS_WRITE, Permission.POLICY_WRITE), person=person)
    with house.store.write_now(ORG, house.clock) as (tx, now):
        return deed(Turn(tx, now, house.ids, token))


def state_in(folder: Path) -> tuple[str, str | None]:
    """Return state of the one exposure and its waiver, as a new process on the folder sees them."""
    api: LocalApi = open_local_api(folder)
    try:
        (one,) = api.call("GET", "/findings")["items"]
    finally:
        api.close()
    return one["state"], one["waiver"] and one["waiver"]["id"]


def test_waivers_are_up_to_date_before_the_first_answer(house: House, tmp_path: Path) -> None:
    expose(World(house.store, org=ORG))
    ends = house.clock.now() + LATER
    words = ("will_not_fix", ends, "Until we move", "PyPI", "acme-pdf", (("=", "1.4.0"),))
    asked = act(house, "usr_ana", lambda turn: ask_waiver(turn, WaiverAsk("CVE-1", "shop", Status.AFFECTED, *words)))
    kept = act(house, "usr_sec", lambda turn: approve_waiver(turn, asked.waiver.id))
    assert state_in(tmp_path) == ("waived", kept.waiver.id)
    over = house.clock.now() - timedelta(seconds=1)
    with house.store.write(ORG, house.clock.now()) as tx:
        tx.waivers.save(replace(kept, waiver=replace(kept.waiver, signed_at=over - LATER, expires_at=over)))
        (one,) = tx.exposures.all()
        assert one.waiver is not None
        tx.exposures.save([replace(one, waiver=replace(one.waiver, expires_at=over))])
    assert state_in(tmp_path) == ("open", kept.waiver.id)


def test_a_call_is_never_given_up(house: House, tmp_path: Path) -> None:
    """It would go on by itself and do what the command was told had failed."""
    api = open_local_api(tmp_path)
    assert api.timeout_s is None
    api.close()
