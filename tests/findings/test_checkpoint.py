"""Checkpoints: signed notes that anybody can read, and nobody can change."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import JournalError
from holdfast.findings.checkpoint import (
    Checkpoint,
    checkpoint_body,
    ed25519_public_key,
    ed25519_signer,
    ed25519_verifier,
    format_verifier_key,
    journal_origin,
    key_id,
    parse_checkpoint,
    parse_verifier_key,
    sign_checkpoint,
    verify_checkpoint,
)

SECRET = bytes(range(32))
PUBLIC = ed25519_public_key(SECRET)
NAME = "holdfast.example"
POINT = Checkpoint("holdfast.journal/org_1", 42, hashlib.sha256(b"head").hexdigest())


def signed(point: Checkpoint = POINT) -> str:
    return sign_checkpoint(point, NAME, PUBLIC, ed25519_signer(SECRET))


def check(text: str, name: str = NAME, public: bytes = PUBLIC) -> Checkpoint:
    return verify_checkpoint(text, name, public, ed25519_verifier(public), where="kept.txt")


def test_checkpoint_has_the_lines_of_a_signed_note() -> None:
    lines = signed().split("\n")
    assert lines[:2] == ["holdfast.journal/org_1", "42"]
    assert base64.b64decode(lines[2]) == hashlib.sha256(b"head").digest()
    assert lines[3] == ""
    assert lines[4].startswith("— holdfast.example ")
    assert base64.b64decode(lines[4].split(" ")[2])[:4] == key_id(NAME, PUBLIC)
    assert lines[5:] == [""]


def test_key_id_is_that_of_the_signed_note_specification() -> None:
    assert key_id("a", bytes(32)) == hashlib.sha256(b"a\n\x01" + bytes(32)).digest()[:4]


def test_checkpoint_verifies_and_comes_back_whole() -> None:
    assert check(signed()) == POINT
    extended = Checkpoint(journal_origin("org_1"), 0, POINT.hash, ("taken 2026-11-22",))
    assert check(signed(extended)) == extended


def test_cosigned_checkpoint_verifies_by_our_own_line() -> None:
    other = "— witness.example " + base64.b64encode(b"\0\0\0\0" + bytes(64)).decode() + "\n"
    assert check(signed() + other) == POINT
    head, _, ours = signed().partition("— ")
    assert check(f"{head}{other}— {ours}") == POINT


@pytest.mark.parametrize(("old", "new"), [("\n42\n", "\n41\n"), ("org_1", "org_2")])
def test_changed_checkpoint_is_found_out(old: str, new: str) -> None:
    with pytest.raises(JournalError, match="is wrong"):
        check(signed().replace(old, new))


def test_signature_of_another_key_is_refused() -> None:
    with pytest.raises(JournalError, match="another key of that name"):
        check(signed(), public=ed25519_public_key(bytes(32)))
    with pytest.raises(JournalError, match=r"expected a signature of `other\.example`"):
        check(signed(), name="other.example")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "kept.txt: "),
        ("a\n1\nAAAA\n", "kept.txt: "),
        ("a\n1\nAAAA\n\n— n AAAAAAAA\n", "kept.txt:3: expected a hash of 32 bytes"),
        ("a\n01\nAAAA\n\n— n AAAAAAAA\n", "kept.txt:2: "),
        ("a\n-1\nAAAA\n\n— n AAAAAAAA\n", "kept.txt:2: "),
        ("a\n" + "9" * 5000 + "\nAAAA\n\n— n AAAAAAAA\n", "kept.txt:2: "),
        (" \n1\nAAAA\n\n— n AAAAAAAA\n", "kept.txt:1: no origin"),
        ("a\n1\n§\n\n— n AAAAAAAA\n", "kept.txt:3: expected base64"),
        ("a\n\n— n AAAAAAAA\n", "kept.txt:2: "),
        ("a\n1\nAAAA\n\n- n AAAAAAAA\n", "kept.txt:5: "),
        ("a\n1\nAAAA\n\n— n AAAA\n", "kept.txt:5: "),
        ("a\r\n1\r\n", "kept.txt: "),
        ("a\n" * 100_000, "kept.txt: "),
    ],
)
def test_broken_checkpoint_names_its_line(text: str, place: str) -> None:
    with pytest.raises(JournalError) as caught:
        parse_checkpoint(text, where="kept.txt")
    assert str(caught.value).startswith(place)


@pytest.mark.parametrize(
    "point",
    [
        Checkpoint("", 1, POINT.hash),
        Checkpoint("a\nb", 1, POINT.hash),
        Checkpoint("a", -1, POINT.hash),
        Checkpoint("a", 1, "xyz"),
        Checkpoint("a", 1, "00"),
        Checkpoint("a", 1, POINT.hash, ("",)),
    ],
)
def test_checkpoint_that_could_not_be_read_back_is_not_written(point: Checkpoint) -> None:
    with pytest.raises(JournalError):
        checkpoint_body(point)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n"])
def test_key_name_that_would_break_the_line_is_refused(name: str) -> None:
    with pytest.raises(JournalError):
        sign_checkpoint(POINT, name, PUBLIC, ed25519_signer(SECRET))


def test_verifier_key_comes_back() -> None:
    assert parse_verifier_key(format_verifier_key(NAME, PUBLIC) + "\n") == (NAME, PUBLIC)


@pytest.mark.parametrize("text", ["", "a", "a+00000000+AQ==", "a+b+c", "a+00000000+" + "A" * 44])
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(JournalError):
        parse_verifier_key(text)


def test_public_key_of_a_wrong_size_is_refused() -> None:
    with pytest.raises(JournalError, match="public key"):
        ed25519_verifier(b"short")


@given(st.text(max_size=60))
def test_any_text_is_refused_as_a_checkpoint(text: str) -> None:
    with pytest.raises(JournalError):
        check(text)


@given(st.integers(0, 250), st.characters(codec="utf-8"))
def test_any_changed_character_is_found_out(at: int, new: str) -> None:
    text = signed()
    place = at % len(text)
    changed = text[:place] + new + text[place + 1 :]
    if changed != text:
        with pytest.raises(JournalError):
            check(changed)
