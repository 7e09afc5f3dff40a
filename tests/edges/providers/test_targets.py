"""Which entry is meant, who may use it, and that each is opened once."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from holdfast.edges.providers.proxies import nginx
from holdfast.edges.providers.target_spec import (
    TargetSpec,
    Tools,
    boolean_option,
    duration_option,
    environment_name,
    list_option,
    mapping_option,
    required_text,
    text_option,
)
from holdfast.edges.providers.targets import ConfiguredReceivers, ConfiguredTargets, OpenTargets
from holdfast.errors import ActionError, PlanError
from holdfast.model.target import Target
from holdfast.ports.world import Receivers, Targets
from tests.edges.providers.entries import entry, tools


def proxy(name: str, **place: str | None) -> Target:
    return entry("proxies", "nginx", name, {"folder": f"/etc/{name}", "url": "http://127.0.0.1:1"}, **place)


def opened(*entries: Target) -> OpenTargets:
    return OpenTargets(entries, tools())


def configured(*entries: Target) -> ConfiguredTargets:
    return ConfiguredTargets(opened(*entries), "org_a")


def test_closest_entry_is_meant() -> None:
    targets = configured(
        proxy("all"),
        proxy("production", environment="production"),
        proxy("shop", service="shop"),
        proxy("both", service="shop", environment="production"),
    )
    meant = [("production", "shop"), ("staging", "shop"), ("production", "billing"), ("staging", "billing")]
    assert [targets.proxy(*place).name for place in meant] == ["both", "shop", "production", "all"]


def test_several_that_are_as_close_must_be_named() -> None:
    targets = configured(proxy("eu"), proxy("us"))
    with pytest.raises(PlanError, match="several of `proxies` for `shop` in `production`") as caught:
        targets.proxy("production", "shop")
    assert caught.value.hint == "`proxy`: one of `eu`, `us`"
    assert targets.proxy("production", "shop", "us").name == "us"


def test_named_entry_is_kept_for_its_place() -> None:
    targets = configured(
        proxy("eu", environment="staging", service="shop"),
        entry("http", "signed", "pager", {"url": "http://x", "secret": "env:SECRET"}, environment="staging"),
        entry("commands", "process", "drain", {"apply": ["/bin/true"]}, environment="staging"),
    )
    for ask in (
        lambda: targets.proxy("production", "shop", "eu"),
        lambda: targets.http("pager", "production", "shop"),
        lambda: targets.command("drain", "production", "shop"),
    ):
        with pytest.raises(PlanError, match="is kept for `staging`"):
            ask()
    assert targets.command("drain", "staging", "shop").name == "drain"


def test_what_is_not_there_says_so() -> None:
    targets, receivers = configured(), ConfiguredReceivers(opened(), "org_a")
    assert targets.flags("org_a", "production") is None
    assert list(receivers.notifiers()) == []
    for ask, said in (
        (lambda: targets.proxy("production", "shop"), "there is no proxy for `shop` in `production`"),
        (lambda: targets.deployer("production", "shop", "x"), "there is no deployer `x` for"),
        (lambda: targets.http("pager"), "there is no HTTP target `pager`"),
        (lambda: targets.command("rm"), "the command `rm` is not allowed"),
        (receivers.metrics, "there is no source of metrics"),
        (lambda: receivers.notifier("room"), "there is no receiver `room`"),
    ):
        with pytest.raises(PlanError, match=said):
            ask()


def test_what_one_org_may_use_another_may_not() -> None:
    shared = opened(
        entry("commands", "process", "drain", {"apply": ["/bin/true"]}),
        entry("commands", "process", "drain", {"apply": ["/bin/false"]}, org="org_b"),
        entry("commands", "process", "stop", {"apply": ["/bin/true"]}, org="org_b"),
        entry("notify", "webhook", "room", {"url": "http://x"}),
    )
    own: Targets = ConfiguredTargets(shared, "org_a")
    receivers: Receivers = ConfiguredReceivers(shared, "org_a")
    with pytest.raises(PlanError, match="`stop` is not allowed"):
        own.command("stop")
    assert own.of("org_b").command("stop").run({}, "k").status == 0
    assert [own.command("drain").run({}, "k").status, own.of("org_b").command("drain").run({}, "k").status] == [0, 1]
    assert (list(receivers.notifiers()), list(receivers.of("org_b").notifiers())) == (["room"], [])
    assert own.of("org_c").flags("org_c", "production") is None


def test_sources_of_metrics_are_named_where_there_are_several() -> None:
    one, two = (entry("metrics", "prometheus", name, {"url": "http://x"}) for name in ("eu", "us"))
    assert ConfiguredReceivers(opened(one), "org_a").metrics().name == "eu"
    both = ConfiguredReceivers(opened(one, two), "org_a")
    assert both.metrics("us").name == "us"
    with pytest.raises(PlanError, match="several sources of metrics"):
        both.metrics()


def test_entry_is_opened_once_by_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, barrier = configured(proxy("edge")), threading.Barrier(8)
    found: list[Any] = []

    def ask() -> None:
        barrier.wait()
        found.append(targets.proxy("production", "shop"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(one) for one in found}) == 1
    assert type(found[0].find_problem.__wrapped__.__self__) is nginx.Nginx


def test_entry_that_could_not_be_opened_is_tried_again() -> None:
    broken = entry("proxies", "nginx", "edge", {"url": "http://x"})
    shared = opened(broken)
    for _ in range(2):
        with pytest.raises(PlanError, match="`folder` of the proxies entry `edge` is missing"):
            shared.open(broken)


def test_other_sides_environment_is_the_named_one_or_ours() -> None:
    named = entry("flags", "unleash", given={"unleash_environment": "prod"}, environment="production")
    assert environment_name(named, "unleash_environment") == "prod"
    assert environment_name(named, "another") == "production"
    with pytest.raises(PlanError, match="the flags entry `it` is for no environment"):
        environment_name(entry("flags", "unleash"), "unleash_environment")


def test_kind_that_nobody_knows_says_so() -> None:
    unknown = entry("proxies", "varnish", "edge")
    with pytest.raises(PlanError, match="`proxies` has no kind `varnish`"):
        opened(unknown).open(unknown)


def test_options_are_read_by_their_kind() -> None:
    given = {"text": "a", "yes": True, "pause": "90s", "names": ["a", "b"], "map": {"a": 1}}
    target = entry("http", "signed", given=given)
    assert (text_option(target, "text"), required_text(target, "text")) == ("a", "a")
    assert (boolean_option(target, "yes"), boolean_option(target, "text")) == (True, False)
    assert (duration_option(target, "pause", 1.0), duration_option(target, "gone", 1.0)) == (90.0, 1.0)
    names: Sequence[str] = list_option(target, "names")
    assert (names, mapping_option(target, "map"), text_option(target, "gone", "b")) == (("a", "b"), {"a": 1}, "b")
    with pytest.raises(PlanError, match="`gone` of the http entry `it` is missing"):
        required_text(target, "gone")


class _Faulty:
    """An adapter of somebody else, with a fault; its error's text holds what must not be shown."""

    name = "faulty"

    def find_problem(self) -> str | None:
        """Fail as no port promises."""
        raise KeyError("https://hooks.example/T0/secret")

    def send(self, title: str, text: str, key: str) -> None:
        """Fail as the system does."""
        raise OSError(28, "No space left on device", "/srv/secret")


def test_what_an_adapter_does_not_promise_is_an_error_of_ours_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = TargetSpec("webhook", "notify", "", (), lambda _target, _tools: _Faulty())
    monkeypatch.setattr("holdfast.edges.providers.targets.find_spec", lambda _: spec)
    found = ConfiguredReceivers(opened(entry("notify", "webhook", "chat", {})), "org_a").notifier("chat")
    with pytest.raises(ActionError, match="`chat` raised `KeyError`, which it does not promise") as caught:
        found.find_problem()
    assert "hooks.example" not in str(caught.value)
    with pytest.raises(ActionError, match="No space left on device"):
        found.send("a", "b", "c")
    assert found.name == "faulty"


def test_an_adapter_that_can_not_be_opened_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_target: Target, _tools: Tools) -> None:
        raise KeyError("x")

    spec = TargetSpec("webhook", "notify", "", (), fail)
    monkeypatch.setattr("holdfast.edges.providers.targets.find_spec", lambda _: spec)
    with pytest.raises(ActionError, match="opening `chat` raised `KeyError`"):
        ConfiguredReceivers(opened(entry("notify", "webhook", "chat", {})), "org_a").notifier("chat")
