"""The provider of Unleash, against a real server."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import pytest

from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.flag_providers._unleash_flag import TITLE
from holdfast.edges.providers.flag_providers.unleash import SPEC, Unleash
from holdfast.errors import ActionError
from holdfast.ports.flag_provider import FlagProvider
from holdfast.testing.action_worlds import Crash
from holdfast.testing.flag_providers import FlagProviderSuite, FlagSystem, Kill, until_seen, worlds_of
from tests.edges.providers.flag_providers.answering import answering
from tests.edges.providers.flag_providers.servers import ENVIRONMENT, UnleashServer, rollout, variant
from tests.waiting import moment, wait_until

pytestmark = [pytest.mark.unleash, pytest.mark.xdist_group("unleash")]

RED, BLUE = variant("red", 500, "R"), variant("blue", 500)
ONLY_A = {"constraints": [{"contextName": "userId", "operator": "IN", "values": ["a"]}]}


def open_provider(
    server: UnleashServer, changed: Mapping[str, str], count: Callable[[], None] = lambda: None
) -> Unleash:
    """Return a provider; `count` is called before every request."""
    given = {"url": server.url, "admin": server.admin, "client": server.client, "environment": ENVIRONMENT, **changed}

    def headers(token: str) -> Callable[[], Mapping[str, str]]:
        def ask() -> Mapping[str, str]:
            count()
            return {"authorization": token}

        return ask

    admin = Rest("Unleash", given["url"], headers(given["admin"]))
    client = Rest("Unleash's client API", given["url"], headers(given["client"]))
    return Unleash("unleash", given["environment"], "default", admin, client)


@contextmanager
def opened(server: UnleashServer, **changed: str) -> Iterator[Unleash]:
    provider = open_provider(server, changed)
    try:
        yield provider
    finally:
        provider.close()


@contextmanager
def broken(server: UnleashServer, status: int) -> Iterator[FlagProvider]:
    """Give a provider whose server answers everything with one status."""
    with answering(status) as url, opened(server, url=url) as provider:
        yield provider


def system_of(server: UnleashServer, flag: str, safe: str, other: str, provider: Unleash) -> FlagSystem:
    return FlagSystem(
        flag=flag,
        safe=safe,
        other=other,
        open_world=worlds_of(lambda: provider),
        state=lambda: server.state(flag),
        seen=lambda: server.seen(flag),
        arrive=lambda: moment(0.02),
        troubles={
            "down": lambda: opened(server, url="http://127.0.0.1:1"),
            "credentials refused": lambda: opened(server, admin="*:*.nobody-knows-this"),
            "too many requests": lambda: broken(server, 429),
            "an error of its own": lambda: broken(server, 500),
            "another thing behind the URL": lambda: broken(server, 200),
        },
        secrets=(server.admin, server.client, "nobody-knows-this"),
    )


def make_flag(server: UnleashServer, kind: str) -> tuple[str, str, str]:
    """Return a flag of a kind, and two variants that it does not serve to everybody."""
    if kind == "rules":
        flag = server.feature(rollout(50, RED, BLUE, **ONLY_A), rollout(25, RED, BLUE, disabled=True))
        return flag, "off", "red"
    if kind == "a draw":
        return server.feature(rollout(100, RED, BLUE)), "off", "blue"
    return server.feature(rollout(100, RED, BLUE), enabled=False), "red", "blue"


class TestConformance(FlagProviderSuite):
    @pytest.fixture(params=["rules", "off"])
    def system(self, unleash: UnleashServer, request: pytest.FixtureRequest) -> Iterator[FlagSystem]:
        flag, safe, other = make_flag(unleash, request.param)
        with opened(unleash) as provider:
            yield system_of(unleash, flag, safe, other, provider)


@pytest.mark.parametrize("kind", ["rules", "a draw", "off"])
@pytest.mark.parametrize("which", [1, 2])
def test_crash_between_two_requests_is_made_good(unleash: UnleashServer, kind: str, which: int) -> None:
    flag, *variants = make_flag(unleash, kind)
    left = 10**9

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Crash

    provider = open_provider(unleash, {}, count)
    system, before = system_of(unleash, flag, variants[0], variants[1], provider), unleash.state(flag)
    for point in range(1, 60):
        kill = Kill(system, point, variants[which - 1])
        crashes = 0
        for deed in (partial(kill.lay, settle=False), kill.lift):
            left = point
            try:
                deed()
            except Crash:
                crashes += 1
            left = 10**9
            deed()
        assert unleash.state(flag) == before, point
        if not crashes:
            break
    else:
        raise AssertionError("it does not end")
    provider.close()


def test_boolean_flag_is_really_off_and_on_again(unleash: UnleashServer) -> None:
    flag = unleash.feature()
    with opened(unleash) as provider:
        reading = provider.read(flag)
        assert reading is not None
        assert (set(reading.variants), reading.served, reading.held) == ({"on", "off"}, "on", None)
        provider.force(flag, "off")
        wait_until(lambda: unleash.seen(flag) == "off", "the application is given `off`")
        provider.restore(flag, reading.definition)
    wait_until(lambda: unleash.seen(flag) == "on", "the application is given `on` again")


def test_what_the_team_changes_meanwhile_stays(unleash: UnleashServer) -> None:
    flag = unleash.feature(rollout(100, RED, BLUE))
    with opened(unleash) as provider:
        kill = Kill(system_of(unleash, flag, "off", "red", provider), 1, "red")
        kill.lay()
        unleash.call("POST", f"{unleash.place(flag)}/strategies", rollout(10, title="the team's new one"))
        kill.lift()
    titles = [one["title"] for one in unleash.call("GET", f"{unleash.place(flag)}/strategies")]
    assert titles == [None, "the team's new one"]


def test_flag_that_the_team_switched_on_meanwhile_stays_on(unleash: UnleashServer) -> None:
    flag = unleash.feature(rollout(100), enabled=False)
    with opened(unleash) as provider:
        kill = Kill(system_of(unleash, flag, "off", "on", provider), 1, "off")
        kill.lay()
        unleash.switch(flag, enabled=True)
        kill.lift()
    wait_until(lambda: unleash.seen(flag) == "on", "the application is given `on`")


def test_strategy_put_before_ours_is_told(unleash: UnleashServer) -> None:
    flag = unleash.feature(rollout(100, RED, BLUE))
    with opened(unleash) as provider:
        kill = Kill(system_of(unleash, flag, "off", "red", provider), 1, "red")
        kill.lay()
        unleash.call("POST", f"{unleash.place(flag)}/strategies", rollout(100, BLUE, sortOrder=-50))
        reading = provider.read(flag)
        assert reading is not None
        assert reading.held == ""
        kill.lay()
        until_seen(system_of(unleash, flag, "off", "red", provider), "red")
        kill.lift()
    assert TITLE not in json.dumps(unleash.state(flag))


def test_flag_that_depends_on_another_can_only_be_forced_off(unleash: UnleashServer) -> None:
    parent, flag = unleash.feature(rollout(100)), unleash.feature(rollout(100))
    unleash.call("POST", f"/projects/default/features/{flag}/dependencies", {"feature": parent})
    before = unleash.state(flag)
    with opened(unleash) as provider:
        with pytest.raises(ActionError, match="only `off` can be forced"):
            provider.force(flag, "on")
        assert unleash.state(flag) == before
        provider.force(flag, "off")
    wait_until(lambda: unleash.seen(flag) == "off", "the application is given `off`")


def test_archived_flag_is_no_flag(unleash: UnleashServer) -> None:
    flag = unleash.feature(rollout(100))
    unleash.call("DELETE", f"/projects/default/features/{flag}")
    with opened(unleash) as provider:
        assert provider.read(flag) is None


def test_environment_that_is_not_there_is_a_problem(unleash: UnleashServer) -> None:
    with opened(unleash, environment="nowhere") as provider:
        assert provider.find_problem() == "Unleash has no environment `nowhere`"


def test_client_token_of_another_environment_is_a_problem(unleash: UnleashServer) -> None:
    with opened(unleash, environment="production") as provider:
        assert "is for Unleash's environment `development`" in (provider.find_problem() or "")


def test_adapter_says_what_it_needs() -> None:
    assert {one.name for one in SPEC.options if one.required} == {"url", "admin_token"}
    assert {one.name for one in SPEC.options if one.secret} == {"admin_token", "client_token"}
