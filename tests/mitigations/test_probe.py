"""Probes: what holds, and what is said of what does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.mitigations.probe import find_pointer, judge, look, same_json
from holdfast.model.plan import Probe
from holdfast.testing.http import FakeHttp, Reply

URL = "http://shop.example/checkout"


def probe(**fields: Any) -> Probe:
    return Probe(kind="http", url=URL, **fields)


def test_expected_status_holds() -> None:
    assert judge(probe(), 200, b"").holds


def test_other_status_is_named() -> None:
    outcome = judge(probe(expect_status=503), 200, b"")
    assert (outcome.holds, outcome.detail) == (False, f"GET {URL}: expected status 503, got 200")


def test_expected_json_holds() -> None:
    assert judge(probe(expect_json=(("/tax/engine", '"flat"'),)), 200, b'{"tax": {"engine": "flat"}}').holds


@pytest.mark.parametrize(
    ("body", "because"),
    [
        (b"<html>", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"{}", "/on is not in the answer"),
        (b'{"on": 1}', "/on: expected true, got 1"),
        (b'{"on": null}', "/on: expected true, got null"),
    ],
)
def test_other_json_is_told(body: bytes, because: str) -> None:
    outcome = judge(probe(expect_json=(("/on", "true"),)), 200, body)
    assert not outcome.holds
    assert because in outcome.detail


def test_expected_text_must_occur() -> None:
    assert judge(probe(expect_text="sold"), 200, b"all sold out").holds
    assert "is not in the answer" in judge(probe(expect_text="sold"), 200, b"plenty").detail


def test_no_answer_does_not_hold() -> None:
    http = FakeHttp()
    http.answer("GET", URL, Reply(broken="connection refused"))
    assert look(http, [probe()]).detail == f"GET {URL}: no answer from {URL}: connection refused"


def test_cut_answer_does_not_hold() -> None:
    http = FakeHttp()
    http.answer("GET", URL, Reply(body=b"half", cut=True))
    assert not look(http, [probe()]).holds


def test_probes_hold_together_only() -> None:
    http = FakeHttp()
    http.answer("GET", URL, Reply())
    http.answer("HEAD", URL, Reply(status=500))
    assert look(http, [probe()]).holds
    assert not look(http, [probe(), probe(method="HEAD")]).holds


def test_no_probe_proves_nothing() -> None:
    assert not look(FakeHttp(), []).holds


def test_unknown_kind_of_probe_does_not_hold() -> None:
    outcome = look(FakeHttp(), [Probe("icmp", URL)])
    assert (outcome.holds, outcome.detail) == (False, "a probe of kind `icmp` is not known")


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("", {"a/b": [1, {"~": 2}]}), ("/a~1b/0", 1), ("/a~1b/1/~0", 2)],
)
def test_pointer_finds_what_it_names(pointer: str, value: Any) -> None:
    assert find_pointer({"a/b": [1, {"~": 2}]}, pointer) == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(max_size=3), c, max_size=3),
        max_leaves=8,
    )
)
def test_json_value_is_the_same_as_itself_written_and_read(value: Any) -> None:
    assert same_json(value, json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    ("one", "other"), [(True, 1), (0, False), ([True], [1]), ({"a": 1}, {"a": True}), ([1], [1, 2]), ("1", 1)]
)
def test_different_json_values_are_not_the_same(one: Any, other: Any) -> None:
    assert not same_json(one, other)
