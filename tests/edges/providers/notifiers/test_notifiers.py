"""Messages to a webhook and into a chat."""

import json
from collections.abc import Iterator

import pytest

from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.http_targets.signed import sign
from holdfast.edges.providers.notifiers.chat import Chat
from holdfast.edges.providers.notifiers.webhook import Webhook
from holdfast.errors import ActionError, PlanError
from tests.edges.providers.entries import SECRETS, entry, tools
from tests.edges.providers.listening import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def http() -> Iterator[HttpxHttp]:
    client = HttpxHttp()
    yield client
    client.close()


def test_webhook_tells_title_text_and_key(listener: Listener, http: HttpxHttp) -> None:
    target = entry("notify", "webhook", url=listener.url, secret="env:SECRET", authorization="env:TOKEN")
    Webhook(target, tools(http)).send("Shop", "ist zu: ü", "msg_1")
    (got,) = listener.got
    assert json.loads(got.body) == {"title": "Shop", "text": "ist zu: ü", "key": "msg_1"}
    timestamp = got.headers["x-holdfast-timestamp"]
    assert got.headers["x-holdfast-signature"] == sign("s3cr3t", ("POST", timestamp, "msg_1"), got.body)
    assert (got.headers["authorization"], got.headers["idempotency-key"]) == ("Bearer t0k3n", "msg_1")


def test_webhook_without_a_secret_is_not_signed(listener: Listener, http: HttpxHttp) -> None:
    Webhook(entry("notify", "webhook", url=listener.url), tools(http)).send("t", "x", "k")
    assert "x-holdfast-signature" not in listener.got[0].headers


def test_chat_says_text_that_mentions_nobody(listener: Listener, http: HttpxHttp) -> None:
    chat = Chat(entry("notify", "chat", url="env:URL"), tools(http, {"URL": listener.url}))
    assert chat.find_problem() is None
    chat.send("Shop", "<!channel> & <http://evil.example|here>" + "x" * 5000, "k")
    said = json.loads(listener.got[0].body)["text"]
    assert said.startswith("*Shop*\n&lt;!channel&gt; &amp; &lt;http")
    assert len(said) == 3000


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500])
def test_message_that_was_not_taken_is_an_error(listener: Listener, http: HttpxHttp, status: int) -> None:
    listener.respond = lambda _: (status, b"")
    with pytest.raises(ActionError, match=f"`it` answered with status {status}"):
        Webhook(entry("notify", "webhook", url=listener.url), tools(http)).send("t", "x", "k")


def test_address_of_a_chat_is_in_no_message(http: HttpxHttp) -> None:
    chat = Chat(entry("notify", "chat", url="env:URL"), tools(http))
    with pytest.raises(ActionError) as caught:
        chat.send("t", "x", "k")
    assert SECRETS["URL"] not in str(caught.value)
    assert "hook" not in str(caught.value)
    assert "Connection refused" in str(caught.value)


def test_missing_secret_is_a_problem(http: HttpxHttp) -> None:
    webhook = Webhook(entry("notify", "webhook", url="http://x.example", secret="env:GONE"), tools(http))
    assert "`GONE` is not set" in (webhook.find_problem() or "")
    chat = Chat(entry("notify", "chat", url="env:SECRET"), tools(http))
    assert "not one of http" in (chat.find_problem() or "")
    with pytest.raises(PlanError):
        chat.send("t", "x", "k")
