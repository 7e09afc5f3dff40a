"""The journal proven against its own store."""

from collections.abc import Iterator

import pytest

from holdfast.errors import JournalError
from holdfast.findings.checkpoint import ed25519_public_key, parse_verifier_key
from holdfast.loop.audit import verifier_key, verify_journal, write_checkpoint
from holdfast.model.tenancy import Org
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from tests.fresh_store import fresh_store

ORG, KEY, OTHER_KEY = "acme", b"k" * 32, b"o" * 32


@pytest.fixture
def store() -> Iterator[Store]:
    opened = fresh_store()
    opened.tenants.save_org(Org(ORG, "Acme", START))
    for number in range(3):
        with opened.write(ORG, START) as tx:
            tx.journal.append("test", {"id": f"x_{number}"})
    yield opened
    opened.close()


def test_a_whole_journal_verifies_and_says_what_it_cannot_prove(store: Store) -> None:
    with store.read(ORG) as tx:
        report = verify_journal(tx)
    assert report.is_intact
    assert report.entries == 3
    assert any("only a checkpoint shows it" in words for words in report.unproven)


def test_a_checkpoint_verifies_with_the_public_key_alone(store: Store) -> None:
    with store.read(ORG) as tx:
        checkpoint = write_checkpoint(tx, KEY)
    with store.write(ORG, START) as tx:
        tx.journal.append("test", {"id": "later"})
    _, public_key = parse_verifier_key(verifier_key(KEY))
    with store.read(ORG) as tx:
        report = verify_journal(tx, checkpoint, public_key)
    assert report.is_intact
    assert report.entries == 4
    assert any("entries 4 to 4 came after the checkpoint" in words for words in report.unproven)


def test_an_older_store_does_not_stand_against_a_newer_checkpoint(store: Store) -> None:
    with store.read(ORG) as tx:
        before = list(tx.journal.read())
    with store.write(ORG, START) as tx:
        tx.journal.append("test", {"id": "later"})
    with store.read(ORG) as tx:
        checkpoint = write_checkpoint(tx, KEY)
    restored = fresh_store()
    restored.tenants.save_org(Org(ORG, "Acme", START))
    for number, _ in enumerate(before):
        with restored.write(ORG, START) as tx:
            tx.journal.append("test", {"id": f"x_{number}"})
    with restored.read(ORG) as tx:
        report = verify_journal(tx, checkpoint, ed25519_public_key(KEY))
    restored.close()
    assert report.counts == {"truncated": 1}


def test_a_rewritten_journal_does_not_stand_against_a_checkpoint(store: Store) -> None:
    with store.read(ORG) as tx:
        checkpoint = write_checkpoint(tx, KEY)
    other = fresh_store()
    other.tenants.save_org(Org(ORG, "Acme", START))
    for number in range(3):
        with other.write(ORG, START) as tx:
            tx.journal.append("test", {"id": f"y_{number}"})
    with other.read(ORG) as tx:
        assert verify_journal(tx).is_intact
        assert verify_journal(tx, checkpoint, ed25519_public_key(KEY)).counts == {"rewritten": 1}
    other.close()


@pytest.mark.parametrize("public_key", [ed25519_public_key(OTHER_KEY), b"short", None])
def test_a_checkpoint_of_another_key_is_refused(store: Store, public_key: bytes | None) -> None:
    with store.read(ORG) as tx:
        checkpoint = write_checkpoint(tx, KEY)
        with pytest.raises(JournalError):
            verify_journal(tx, checkpoint, public_key)


def test_a_changed_checkpoint_is_refused(store: Store) -> None:
    with store.read(ORG) as tx:
        checkpoint = write_checkpoint(tx, KEY)
        changed = checkpoint.replace("\n3\n", "\n2\n", 1)
        assert changed != checkpoint
        with pytest.raises(JournalError, match="signature"):
            verify_journal(tx, changed, ed25519_public_key(KEY))
