"""The encoding that is signed, and statements.

Source of the vectors: DSSE v1.0.2, protocol, "Test Vectors". The oracle is `securesystemslib`.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope

from holdfast.errors import JournalError
from holdfast.findings.dsse import (
    STATEMENT_TYPE,
    canonical_json,
    pae,
    parse_statement,
    seal_unsigned,
    unseal,
    unseal_unverified,
)


def test_encoding_is_that_of_the_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("", b"") == b"DSSEv1 0  0 "
    assert pae("é", b"\x00\xff") == "DSSEv1 2 é 2 ".encode() + b"\x00\xff"


@given(st.binary(max_size=300), st.text(max_size=40))
def test_encoding_is_the_oracles(payload: bytes, payload_type: str) -> None:
    kind = payload_type.encode("utf-8", "ignore").decode()
    assert pae(kind, payload) == Envelope(payload, kind, {}).pae()


def test_a_statement_is_written_the_same_whatever_its_order() -> None:
    statement = {"predicateType": "urn:x", "_type": STATEMENT_TYPE, "predicate": {"b": 1, "a": "é"}}
    text = canonical_json(dict(reversed(statement.items())))
    assert text == canonical_json(statement)
    assert parse_statement(text, "urn:x", "an x") == statement


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{", b"[" * 100_000, b"{}", canonical_json({"_type": STATEMENT_TYPE, "predicateType": "urn:x"})],
)
def test_what_is_no_such_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(JournalError):
        parse_statement(payload, "urn:x", "an x")


def test_what_nobody_signed_is_read_only_where_that_is_asked_for() -> None:
    text = seal_unsigned("text/x", b"said")
    assert unseal_unverified(text, "text/x") == b"said"
    with pytest.raises(JournalError, match="no signature"):
        unseal(text, "text/x", lambda _signature, _signed: True)
    with pytest.raises(JournalError, match="expected `text/y`"):
        unseal_unverified(text, "text/y")
