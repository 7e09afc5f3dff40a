"""LaunchDarkly, against exchanges recorded by hand from its published API."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.flag_providers.launchdarkly import SPEC, VERSION, LaunchDarkly
from holdfast.ports.flag_provider import FlagProvider
from holdfast.testing.flag_providers import FlagProviderSuite, FlagSystem, worlds_of
from tests.edges.providers.flag_providers.answering import answering
from tests.edges.providers.flag_providers.replay import Recording, replaying

TOKEN = "api-the-token"


@contextmanager
def opened(url: str, token: str = TOKEN, environment: str = "production") -> Iterator[LaunchDarkly]:
    rest = Rest("LaunchDarkly", url, lambda: {"authorization": token, "ld-api-version": VERSION})
    try:
        yield LaunchDarkly("launchdarkly", "shop", environment, rest)
    finally:
        rest.close()


@contextmanager
def broken(status: int) -> Iterator[FlagProvider]:
    with answering(status) as url, opened(url) as provider:
        yield provider


def system_of(recording: Recording, provider: FlagProvider, flag: str = "receipts") -> FlagSystem:
    return FlagSystem(
        flag=flag,
        safe="none",
        other="plain",
        open_world=worlds_of(lambda: provider),
        state=lambda: recording.state,
        seen=lambda: recording.states[recording.state],
        troubles={
            "down": lambda: opened("http://127.0.0.1:1"),
            "credentials refused": lambda: opened(recording.url, "nobody-knows-this"),
            "too many requests": lambda: broken(429),
            "an error of its own": lambda: broken(500),
            "another thing behind the URL": lambda: broken(200),
        },
        secrets=(TOKEN, "nobody-knows-this"),
    )


class TestConformance(FlagProviderSuite):
    @pytest.fixture
    def system(self) -> Iterator[FlagSystem]:
        with replaying("launchdarkly") as recording, opened(recording.url) as provider:
            yield system_of(recording, provider)


def test_flag_without_an_off_variation_comes_back_without_one() -> None:
    with replaying("launchdarkly") as recording, opened(recording.url) as provider:
        reading = provider.read("tax")
        assert reading is not None
        assert (reading.variants, reading.served, reading.held) == (("on", "off"), "on", None)
        provider.force("tax", "off")
        held = provider.read("tax")
        assert held is not None
        assert (held.served, held.held) == ("off", "off")
        provider.restore("tax", reading.definition)
        assert recording.state == "as the team left it"


def test_environment_that_is_not_there_is_a_problem() -> None:
    with replaying("launchdarkly") as recording, opened(recording.url, environment="nowhere") as provider:
        assert provider.find_problem() == "LaunchDarkly has no environment `nowhere` in project `shop`"


def test_being_asked_to_wait_says_how_long() -> None:
    with broken(429) as provider:
        assert "too many requests, for 3 s (status 429)" in (provider.find_problem() or "")


def test_docs_say_that_it_was_not_tried_live() -> None:
    assert "not tried against the live service" in SPEC.about
