"""Forgetting by and by: a round forgets all that is old, in batches, and nothing else."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.app import retaining
from holdfast.app.house import STORE_FAILURES, House, open_house
from holdfast.app.retaining import Retention
from holdfast.app.settings import ORG, read_settings
from holdfast.loop.retention import BATCH
from holdfast.model.run import Message


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(read_settings(tmp_path, feed="none", environ={"HOLDFAST_KEEP_DAYS": "30"}))
    yield opened
    opened.close()


def test_a_round_forgets_all_that_is_older_than_the_setting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retaining, "PAUSE_S", 0.0)
    now = house.clock.now()
    old, young = now - timedelta(days=31), now - timedelta(days=29)
    message = Message(ORG, "msg", "chat", "{}", old, old, sent_at=old)
    with house.store.write(ORG, now) as tx:
        for number in range(BATCH + 1):
            tx.outbox.add(replace(message, id=f"old_{number}"))
        tx.outbox.add(replace(message, id="young", sent_at=young))
    Retention(house, STORE_FAILURES).go_round(threading.Event())
    with house.store.write(ORG, now) as tx:
        assert [entry.kind for entry in tx.journal.read()].count("retention") == 2
        assert tx.outbox.get("young").sent_at == young
        assert tx.outbox.forget(now - timedelta(days=30), 10) == 0


def test_it_ends_when_it_is_told_to(house: House) -> None:
    stop = threading.Event()
    stop.set()
    Retention(house, STORE_FAILURES).run_forever(stop)
    assert stop.is_set()
