"""The pause: everybody who may act turns it on, only people turn it off."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from holdfast.errors import ForbiddenError
from holdfast.loop.pausing import get_pause, is_paused, switch_automation
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import Token
from tests.loop.shop import ORG, T0, Shop, open_shop
from tests.loop.test_approvals import PERSON


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    with open_shop(url=store_url) as opened:
        yield opened


MACHINE = replace(PERSON, id="tok_2", person=None)


@pytest.mark.parametrize(("token", "by"), [(MACHINE, "tok_2"), (PERSON, "per_1")])
def test_everybody_pauses_and_a_person_resumes(shop: Shop, token: Token, by: str) -> None:
    with shop.write() as tx:
        paused = switch_automation(Turn(tx, T0, shop.ids, token), on=True, reason="an outage")
        assert (paused or {})["by"] == by
    with shop.write() as tx:
        assert switch_automation(Turn(tx, T0, shop.ids, PERSON), on=False, reason="it is over") is None
    with shop.store.read(ORG) as tx:
        assert get_pause(tx) is None
        resumed = [entry for entry in tx.journal.read() if entry.kind == "automation.resumed"]
    assert '"by":"per_1"' in resumed[0].body.replace(" ", "")


@pytest.mark.parametrize("token", [MACHINE, None])
def test_machine_does_not_resume(shop: Shop, token: Token | None) -> None:
    with shop.write() as tx:
        switch_automation(Turn(tx, T0, shop.ids, PERSON), on=True, reason="an outage")
    with shop.write() as tx, pytest.raises(ForbiddenError, match="only people let automation go on"):
        switch_automation(Turn(tx, T0, shop.ids, token), on=False, reason="")
    with shop.store.read(ORG) as tx:
        assert is_paused(tx)
        assert "automation.resumed" not in shop.kinds()
