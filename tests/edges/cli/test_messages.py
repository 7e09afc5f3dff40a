"""`holdfast mitigate messages`: what reached nobody is listed, told beside runs, and sent again."""

import pytest

from holdfast.app.settings import ORG
from holdfast.edges.stores import open_store
from holdfast.loop.outbox import Outbox
from holdfast.loop.world import NoReceivers
from holdfast.model.run import Message
from holdfast.testing.clocks import START, FakeClock
from tests.edges.cli.shell import Shell


@pytest.fixture
def untold(exposed: Shell) -> Shell:
    """A data folder in which two messages reached nobody."""
    exposed("mitigate", "list")
    store = open_store(exposed.data / "holdfast.db")
    with store.write(ORG, START) as tx:
        for name in ("msg_1", "msg_2"):
            tx.outbox.add(Message(ORG, name, "*", '{"title": "Approve?"}', START, START))
    Outbox(store, FakeClock(), NoReceivers()).dispatch(ORG)
    store.close()
    return exposed


def test_messages_are_listed_with_the_reason(untold: Shell) -> None:
    out = untold("mitigate", "messages").out
    assert "msg_1" in out
    assert "no receiver is configured" in out
    assert [row["id"] for row in untold.json("mitigate", "messages")["items"]] == ["msg_2", "msg_1"]


@pytest.mark.parametrize("verb", ["list", "debt"])
def test_runs_and_debt_say_how_many_reached_nobody(untold: Shell, verb: str) -> None:
    assert "! 2 messages reached nobody: `holdfast mitigate messages`" in untold("mitigate", verb).err
    assert "reached nobody" not in untold("mitigate", verb, "--format", "json").err


def test_one_and_then_all_are_sent_again(untold: Shell) -> None:
    assert "1 of them in line again" in untold("mitigate", "send-again", "msg_1").err
    assert untold.json("mitigate", "send-again", "--all")["again"] == 1
    assert "every message was taken" in untold("mitigate", "messages").err


def test_which_message_must_be_said(untold: Shell) -> None:
    assert "which message?" in untold("mitigate", "send-again", code=2).err
    assert "which message?" in untold("mitigate", "send-again", "msg_1", "--all", code=2).err
