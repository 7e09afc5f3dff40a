"""CloudBees Feature Management, against exchanges recorded by hand from its published API."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.flag_providers.cloudbees import SPEC, CloudBees
from holdfast.ports.flag_provider import FlagProvider
from holdfast.testing.flag_providers import FlagProviderSuite, FlagSystem, worlds_of
from tests.edges.providers.flag_providers.answering import answering
from tests.edges.providers.flag_providers.replay import Recording, replaying

TOKEN = "cb-the-token"


@contextmanager
def opened(url: str, token: str = TOKEN) -> Iterator[CloudBees]:
    rest = Rest("CloudBees", url, lambda: {"authorization": f"Bearer {token}"})
    try:
        yield CloudBees("cloudbees", "app-1", "env-2", rest)
    finally:
        rest.close()


@contextmanager
def broken(status: int) -> Iterator[FlagProvider]:
    with answering(status) as url, opened(url) as provider:
        yield provider


def system_of(recording: Recording, provider: FlagProvider) -> FlagSystem:
    return FlagSystem(
        flag="receipts",
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
        with replaying("cloudbees") as recording, opened(recording.url) as provider:
            yield system_of(recording, provider)


def test_flag_with_conditions_is_said_to_be_decided_by_its_rules() -> None:
    with replaying("cloudbees") as recording, opened(recording.url) as provider:
        reading = provider.read("receipts")
        assert reading is not None
        assert (reading.served, reading.by_rules, reading.held) == (None, True, None)
        assert reading.variants == ("full", "plain", "none")


def test_docs_say_that_it_was_not_tried_live() -> None:
    assert "not tried against the live service" in SPEC.about
