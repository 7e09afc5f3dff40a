"""Whom probes may ask, as far as the text of a plan tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.mitigations.plan import PlanProblem
from holdfast.mitigations.probe_hosts import (
    ANYBODY,
    ProbeHosts,
    find_forbidden,
    find_refused,
    find_wrong_pattern,
    split_host,
)
from holdfast.model.plan import Probe
from holdfast.model.target import Target
from tests.mitigations.test_plan_check_server import OFF, checked, plan, target


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "febf::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "64:ff9b:1::a9fe:a9fe",
        "::169.254.169.254",
        "::ffff:0:a9fe:a9fe",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "100.100.100.200",
        "168.63.129.16",
    ],
)
def test_address_of_a_cloud_or_link_is_forbidden(address: str) -> None:
    assert "no probe asks there" in (find_forbidden(address) or "")
    assert ProbeHosts((address,)).find_refusal(address, 80) is not None


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "2001:db8::1", "fd00::1", "shop.example", ""])
def test_other_address_is_allowed(address: str) -> None:
    assert find_forbidden(address) is None
    assert ANYBODY.find_refusal(address, 80) is None


@pytest.mark.parametrize(
    ("pattern", "host", "port", "allowed"),
    [
        ("shop.example", "shop.example", 80, True),
        ("shop.example", "SHOP.example.", 8443, True),
        ("shop.example", "evilshop.example", 80, False),
        ("shop.example", "shop.example.evil", 80, False),
        ("shop.example:443", "shop.example", 443, True),
        ("shop.example:443", "shop.example", 80, False),
        ("*.shop.example", "a.b.shop.example", 80, True),
        ("*.shop.example", "shop.example", 80, False),
        ("*.shop.example:8080", "a.shop.example", 8080, True),
        ("*.shop.example:8080", "a.shop.example", 80, False),
        ("10.0.0.1", "10.0.0.1", 80, True),
        ("10.0.0.1", "10.0.0.10", 80, False),
        ("10.0.0.1", "167772161", 80, False),
        ("[::1]:8080", "::1", 8080, True),
        ("[::1]", "::2", 80, False),
    ],
)
def test_pattern_lets_the_host_that_it_names_be_asked(pattern: str, host: str, port: int, allowed: bool) -> None:
    assert find_wrong_pattern(pattern) is None
    refusal = ProbeHosts((pattern,)).find_refusal(host, port)
    assert (refusal is None) is allowed
    assert allowed or "the operator lets no probe ask" in (refusal or "")


@pytest.mark.parametrize(
    "text", ["", "*", "*.*.x", "http://shop", "shop/x", "shop:0", "shop:70000", "::1", "[zz]", "169.254.169.254", "a b"]
)
def test_pattern_that_means_nothing_is_refused(text: str) -> None:
    assert find_wrong_pattern(text)


@given(st.text(max_size=60))
def test_any_text_is_split_and_judged(text: str) -> None:
    host, port = split_host(text)
    assert port is None or text.endswith(str(port)) or port == int(text.rpartition(":")[2])
    if find_wrong_pattern(text) is None:
        assert ProbeHosts((text,)).find_refusal(host.replace("*", "a", 1), port or 80) is None


@pytest.mark.parametrize(
    ("probe", "refused"),
    [
        (Probe("http", "https://shop.example/health"), False),
        (Probe("http", "http://shop.example/health"), True),
        (Probe("http", "http://user@shop.example:443@other/"), True),
        (Probe("http", "http://{target}:8080/health"), False),
        (Probe("http", "not a url"), False),
        (Probe("tcp", "shop.example:443"), False),
        (Probe("tcp", "db:5432"), True),
        (Probe("flag", "", arguments=(("flag", "x"),)), False),
    ],
)
def test_probe_is_refused_by_where_it_goes(probe: Probe, refused: bool) -> None:
    assert (find_refused(probe, ProbeHosts(("shop.example:443",))) is not None) is refused


def found(text: str, *hosts: str) -> list[PlanProblem]:
    return [one for one in checked(text, targets=_targets(*hosts)) if "may not be sent" in one.message]


def _targets(*hosts: str) -> list[Target]:
    return [target("probes", host) for host in hosts]


def test_plan_whose_probe_goes_elsewhere_is_an_error() -> None:
    (one,) = found(plan(OFF), "shop.example")
    assert one.severity == "error"
    assert one.message == (
        "the probe of http://127.0.0.1/ may not be sent: the operator lets no probe ask `127.0.0.1:80`"
    )
    assert "`probes`" in (one.hint or "")
    assert found(plan(OFF), "shop.example", "127.0.0.1:80") == []
    assert found(plan(OFF)) == []


def test_plan_whose_probe_asks_the_cloud_is_an_error_everywhere() -> None:
    text = plan(OFF).replace("http://127.0.0.1/", "http://169.254.169.254/latest/meta-data")
    assert len(found(text)) == 1
    assert len(found(text, "169.254.169.254")) == 1


def test_health_probes_and_steps_that_probe_are_held_to_it() -> None:
    steps = "[{action: flag.off, feature: receipts}, {action: probe, url: 'http://a.example/'}, "
    text = plan(steps + "{action: probe, address: 'b.example:22'}]", health="[{tcp: {address: 'c.example:5432'}}]")
    told = [one.message.split()[3] for one in found(text, "127.0.0.1")]
    assert told == ["c.example:5432", "http://a.example/", "b.example:22"]
