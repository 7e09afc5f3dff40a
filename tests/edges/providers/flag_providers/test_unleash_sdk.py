"""An application with Unleash's own Python SDK sees what is forced, at the SDK's shortest refresh."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from UnleashClient import UnleashClient  # type: ignore[attr-defined]  # it is its public name, without `__all__`
from UnleashClient.cache import FileCache

from holdfast.testing.flag_providers import Kill
from tests.edges.providers.flag_providers.servers import UnleashServer, rollout, variant
from tests.edges.providers.flag_providers.test_unleash import opened, system_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.unleash, pytest.mark.xdist_group("unleash")]

SHORTEST_REFRESH_S = 1


@pytest.fixture
def application(unleash: UnleashServer, tmp_path: Path) -> Iterator[UnleashClient]:
    """Return the SDK as an application has it; it begins to ask in the test."""
    client = UnleashClient(
        url=f"{unleash.url}/api",
        app_name="shop",
        environment="development",
        refresh_interval=SHORTEST_REFRESH_S,
        refresh_jitter=None,
        custom_headers={"Authorization": unleash.client},
        disable_metrics=True,
        cache=FileCache("shop", directory=str(tmp_path)),
    )
    try:
        yield client
    finally:
        client.destroy()


def dangerous_default(_name: str, _context: object) -> bool:
    """What the application's code would do if Unleash did not know the flag."""
    return True


def test_application_sees_the_flag_really_off(unleash: UnleashServer, application: UnleashClient) -> None:
    flag = unleash.feature(rollout(100))

    def enabled() -> bool:
        return bool(application.is_enabled(flag, {"userId": "q"}, dangerous_default))

    with opened(unleash) as provider:
        application.initialize_client()
        wait_until(lambda: flag in application.feature_definitions(), "the SDK has heard of the flag")
        assert enabled()
        kill = Kill(system_of(unleash, flag, "off", "on", provider), 1, "off")
        kill.lay()
        wait_until(lambda: not enabled(), "the SDK sees it off, and not its code's default")
        kill.lift()
        wait_until(enabled, "the SDK sees it on again")


def test_application_is_given_the_forced_variant_whatever_the_rules_say(
    unleash: UnleashServer, application: UnleashClient
) -> None:
    only_a = {"constraints": [{"contextName": "userId", "operator": "IN", "values": ["a"]}]}
    flag = unleash.feature(rollout(100, variant("red", 1000, "R"), **only_a), rollout(0, variant("calm", 1000, "C")))

    def given(user: str) -> str:
        return str(application.get_variant(flag, {"userId": user})["name"])

    with opened(unleash) as provider:
        application.initialize_client()
        wait_until(lambda: (given("a"), given("b")) == ("red", "disabled"), "the SDK has heard of the flag")
        kill = Kill(system_of(unleash, flag, "calm", "red", provider), 1, "calm")
        kill.lay()
        wait_until(lambda: {given(user) for user in "abcdef"} == {"calm"}, "everybody is given `calm`")
        assert application.get_variant(flag, {"userId": "a"})["payload"] == {"type": "string", "value": "C"}
        kill.lift()
        wait_until(lambda: (given("a"), given("b")) == ("red", "disabled"), "the rules decide again")
