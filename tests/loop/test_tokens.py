"""Tokens, login codes and sessions, on a real store."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.errors import ForbiddenError, NotFoundError, UnauthenticatedError, UsageError
from holdfast.loop.tokens import (
    CODE_LIFE,
    SESSION_LIFE,
    authenticate,
    bind_token,
    end_session,
    find_session,
    get_token,
    issue_token,
    login_code,
    redeem_login_code,
    revoke_token,
)
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import Org, Permission, Token
from holdfast.ports.store import Store
from holdfast.testing.clocks import FakeClock, FakeIds
from tests.fresh_store import fresh_store

ORG = "acme"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> Iterator[Store]:
    opened = fresh_store()
    opened.tenants.save_org(Org(ORG, "Acme", clock.now()))
    opened.tenants.save_org(Org("globex", "Globex", clock.now()))
    yield opened
    opened.close()


def issue(store: Store, clock: FakeClock, life: timedelta | None = None) -> tuple[Token, str]:
    expires_at = clock.now() + life if life else None
    return issue_token(
        store, ORG, "ci", [Permission.READ], now=clock.now(), ids=FakeIds(), expires_at=expires_at, team="retail"
    )


def offer_login(store: Store, clock: FakeClock, token: Token) -> str:
    with store.write(ORG, clock.now()) as tx:
        return login_code(Turn(tx, clock.now(), FakeIds(), token))


def test_a_token_proves_itself_and_keeps_what_limits_it(store: Store, clock: FakeClock) -> None:
    token, text = issue(store, clock)
    assert text.startswith(f"hf_{token.id}_")
    assert authenticate(store, text, clock.now()) == token
    assert token.team == "retail"


def test_a_secret_is_stored_nowhere(store: Store, clock: FakeClock) -> None:
    token, text = issue(store, clock)
    secret = text.rpartition("_")[2]
    assert len(bytes.fromhex(secret)) == 32
    assert secret not in repr(store.tenants.find_token(token.id))
    with store.read(ORG) as tx:
        assert all(
            secret not in entry.body and "ci" not in json.loads(entry.body).values() for entry in tx.journal.read()
        )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"),
        lambda text: text.removeprefix("hf_"),
        lambda text: text.replace("hf_tok_000001", "hf_tok_000002"),
        lambda text: "",
        lambda text: "hf_",
        lambda text: "hf__",
        lambda text: text + "\0",
        lambda text: "hf_" + "x" * 100_000,
        lambda text: "hf_é_\udcff",
    ],
)
def test_what_is_no_token_is_refused_in_the_same_words(
    store: Store, clock: FakeClock, spoil: Callable[[str], str]
) -> None:
    _, text = issue(store, clock)
    with pytest.raises(UnauthenticatedError, match="no valid token"):
        authenticate(store, spoil(text), clock.now())


def test_a_token_expires_at_its_instant(store: Store, clock: FakeClock) -> None:
    token, text = issue(store, clock, timedelta(hours=1))
    clock.tick(3599)
    assert authenticate(store, text, clock.now()) == token
    clock.tick(1)
    with pytest.raises(UnauthenticatedError):
        authenticate(store, text, clock.now())


def test_a_revoked_token_is_refused_and_the_journal_says_who_did_it(store: Store, clock: FakeClock) -> None:
    token, text = issue(store, clock)
    revoked = revoke_token(store, ORG, token.id, now=clock.now(), actor="tok_admin")
    again = revoke_token(store, ORG, token.id, now=clock.tick(5), actor="tok_other")
    assert again == revoked
    with pytest.raises(UnauthenticatedError):
        authenticate(store, text, clock.now())
    with store.read(ORG) as tx:
        entries = [(entry.kind, json.loads(entry.body)) for entry in tx.journal.about(token.id)]
    assert [kind for kind, _ in entries] == ["token.created", "token.revoked"]
    assert entries[1][1] == {"id": token.id, "by": "tok_admin"}


def test_another_orgs_token_is_not_there(store: Store, clock: FakeClock) -> None:
    token, _ = issue(store, clock)
    with pytest.raises(NotFoundError):
        get_token(store, "globex", token.id)
    with pytest.raises(NotFoundError):
        revoke_token(store, "globex", token.id, now=clock.now())


@pytest.mark.parametrize(
    ("permissions", "expires_in"),
    [([], None), ([Permission.READ], timedelta(0)), ([Permission.FLAGS_READ], None)],
    ids=["no permission", "expired already", "flags without an environment"],
)
def test_a_token_without_meaning_is_not_made(
    store: Store, clock: FakeClock, permissions: list[Permission], expires_in: timedelta | None
) -> None:
    expires_at = None if expires_in is None else clock.now() + expires_in
    with pytest.raises(UsageError):
        issue_token(store, ORG, "x", permissions, now=clock.now(), ids=FakeIds(), expires_at=expires_at)
    assert store.tenants.tokens(ORG) == []


def test_a_login_code_works_once(store: Store, clock: FakeClock) -> None:
    token, _ = issue(store, clock)
    code = offer_login(store, clock, token)
    logged_in, cookie = redeem_login_code(store, code, clock.now())
    assert logged_in == token
    assert find_session(store, cookie, clock.now()) == token
    with pytest.raises(UnauthenticatedError, match="once"):
        redeem_login_code(store, code, clock.now())


def test_a_login_code_works_for_five_minutes(store: Store, clock: FakeClock) -> None:
    token, _ = issue(store, clock)
    code = offer_login(store, clock, token)
    clock.tick(CODE_LIFE.total_seconds())
    with pytest.raises(UnauthenticatedError):
        redeem_login_code(store, code, clock.now())


@pytest.mark.parametrize("text", ["", "_", "tok_000001", "tok_000001_", "tok_000009_abc", "tok_000001_" + "0" * 64])
def test_what_is_no_login_code_or_session_is_refused(store: Store, clock: FakeClock, text: str) -> None:
    token, _ = issue(store, clock)
    offer_login(store, clock, token)
    with pytest.raises(UnauthenticatedError):
        redeem_login_code(store, text, clock.now())
    with pytest.raises(UnauthenticatedError):
        find_session(store, text, clock.now())


def test_a_login_code_is_no_session_and_a_session_is_no_code(store: Store, clock: FakeClock) -> None:
    token, text = issue(store, clock)
    code = offer_login(store, clock, token)
    with pytest.raises(UnauthenticatedError):
        find_session(store, code, clock.now())
    _, cookie = redeem_login_code(store, code, clock.now())
    with pytest.raises(UnauthenticatedError):
        redeem_login_code(store, cookie, clock.now())
    with pytest.raises(UnauthenticatedError):
        find_session(store, text.removeprefix("hf_"), clock.now())


def test_a_session_ends_by_time_by_logout_and_with_its_token(store: Store, clock: FakeClock) -> None:
    token, _ = issue(store, clock)
    cookies = [redeem_login_code(store, offer_login(store, clock, token), clock.now())[1] for _ in range(3)]
    end_session(store, cookies[0], clock.now())
    with pytest.raises(UnauthenticatedError):
        find_session(store, cookies[0], clock.now())
    assert find_session(store, cookies[1], clock.now()) == token
    with pytest.raises(UnauthenticatedError):
        find_session(store, cookies[1], clock.now() + SESSION_LIFE)
    revoke_token(store, ORG, token.id, now=clock.now())
    with pytest.raises(UnauthenticatedError):
        find_session(store, cookies[2], clock.now())


def test_sessions_are_stored_as_digests_and_do_not_pile_up(store: Store, clock: FakeClock) -> None:
    token, _ = issue(store, clock)
    cookies = [redeem_login_code(store, offer_login(store, clock, token), clock.now())[1] for _ in range(40)]
    with store.read(ORG) as tx:
        kept = tx.settings.get(f"sessions:{token.id}") or ""
    assert len(json.loads(kept)) == 32
    assert all(cookie.rpartition("_")[2] not in kept for cookie in cookies)
    assert find_session(store, cookies[-1], clock.now()) == token


def test_a_login_needs_a_token(store: Store, clock: FakeClock) -> None:
    with store.write(ORG, clock.now()) as tx, pytest.raises(ForbiddenError):
        login_code(Turn(tx, clock.now(), FakeIds()))


def test_a_token_of_a_stolen_id_with_another_digest_is_refused(store: Store, clock: FakeClock) -> None:
    token, text = issue(store, clock)
    store.tenants.save_token(replace(token, digest="0" * 64))
    with pytest.raises(UnauthenticatedError):
        authenticate(store, text, clock.now())


def issue_for(store: Store, clock: FakeClock, person: str | None) -> Token:
    """Return a new token of a person, or of a machine."""
    return issue_token(store, ORG, "t", [Permission.READ], now=clock.now(), ids=FakeIds(), person=person)[0]


def test_all_tokens_of_a_name_are_one_person(store: Store, clock: FakeClock) -> None:
    ids = FakeIds()
    names = ("Ada Lovelace", "ada  lovelace ", "ADA LOVELACE")
    made = [issue_token(store, ORG, "t", [Permission.READ], now=clock.now(), ids=ids, person=name)[0] for name in names]
    assert len({token.identity for token in made}) == 1
    assert made[0].person is not None
    assert [token.person_name for token in made] == ["Ada Lovelace", "ada lovelace", "ADA LOVELACE"]
    assert len({token.id for token in made}) == 3


def test_same_name_in_another_org_is_another_person(store: Store, clock: FakeClock) -> None:
    ids = FakeIds()
    here, there = (
        issue_token(store, org, "t", [Permission.READ], now=clock.now(), ids=ids, person="Ada")[0]
        for org in (ORG, "globex")
    )
    assert here.person != there.person


def test_token_of_nobody_is_its_own_identity(store: Store, clock: FakeClock) -> None:
    token = issue_for(store, clock, None)
    assert (token.person, token.identity) == (None, token.id)


@pytest.mark.parametrize("name", ["", "  "])
def test_person_has_a_name(store: Store, clock: FakeClock, name: str) -> None:
    with pytest.raises(UsageError, match="a person without a name"):
        issue_for(store, clock, name)


def test_journal_and_settings_hold_no_persons_name(store: Store, clock: FakeClock) -> None:
    token = issue_for(store, clock, "Ada Lovelace")
    with store.read(ORG) as tx:
        entries = [entry.body for entry in tx.journal.read()]
    assert "Ada" not in "".join(entries)
    assert str(token.person) in "".join(entries)


def test_token_of_before_is_bound_once(store: Store, clock: FakeClock) -> None:
    token = issue_for(store, clock, None)
    bound = bind_token(store, token, "administrator", now=clock.now(), ids=FakeIds())
    assert (bound.person_name, store.tenants.find_token(token.id)) == ("administrator", bound)
    assert bind_token(store, bound, "somebody else", now=clock.now(), ids=FakeIds()) == bound


def test_session_is_the_person_of_its_token(store: Store, clock: FakeClock) -> None:
    token = issue_for(store, clock, "Ada")
    with store.write(ORG, clock.now()) as tx:
        code = login_code(Turn(tx, clock.now(), FakeIds(), token))
    _, cookie = redeem_login_code(store, code, clock.now())
    assert find_session(store, cookie, clock.now()).identity == token.person
