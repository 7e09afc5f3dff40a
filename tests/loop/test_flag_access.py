"""Who may read which flags: looked up seldom, forgotten at once, kept while the store is away."""

from dataclasses import replace
from datetime import timedelta

import pytest

from holdfast.edges.stores.store import SqlStore
from holdfast.errors import ForbiddenError, HoldfastError, UnauthenticatedError
from holdfast.loop.flag_access import Credential, FlagAccess, look_up, place_of, ticket_of
from holdfast.loop.tokens import issue_token, revoke_token
from holdfast.model.tenancy import Org, Permission, Token
from holdfast.testing.clocks import FakeClock, FakeIds
from tests.flag_stand import ENVIRONMENT, ORG, READER, T0

SHOWN = Credential("token", "reader")


class Looks:
    """Counts looks; answers with the token, or raises what it is told to."""

    def __init__(self) -> None:
        self.count = 0
        self.problem: HoldfastError | None = None

    def __call__(self, credential: Credential) -> Token:
        self.count += 1
        if self.problem is not None:
            raise self.problem
        return READER


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(T0)


def test_look_counts_for_two_seconds(clock: FakeClock) -> None:
    looks = Looks()
    access = FlagAccess(looks, clock)
    assert access.find(SHOWN) is None
    for _ in range(5):
        assert access.get(SHOWN) is READER
    assert (looks.count, access.find(SHOWN)) == (1, READER)
    clock.tick(2)
    assert access.find(SHOWN) is None
    access.get(SHOWN)
    assert looks.count == 2


def test_what_is_forgotten_is_looked_up(clock: FakeClock) -> None:
    looks = Looks()
    access = FlagAccess(looks, clock)
    access.get(SHOWN)
    access.forget()
    looks.problem = UnauthenticatedError("revoked")
    with pytest.raises(UnauthenticatedError):
        access.get(SHOWN)
    assert access.find(SHOWN) is None


def test_token_counts_on_while_the_store_is_away_but_not_for_ever(clock: FakeClock) -> None:
    looks = Looks()
    access = FlagAccess(looks, clock, (HoldfastError,))
    access.get(SHOWN)
    looks.problem = HoldfastError("away")
    clock.tick(600)
    assert access.get(SHOWN) is READER
    with pytest.raises(HoldfastError, match="away"):
        access.get(Credential("token", "another"))
    clock.tick(3600)
    with pytest.raises(HoldfastError, match="away"):
        access.get(SHOWN)


def test_token_that_expires_is_not_remembered_beyond(clock: FakeClock) -> None:
    brief = replace(READER, expires_at=T0 + timedelta(seconds=1))
    access = FlagAccess(lambda credential: brief, clock)
    access.get(SHOWN)
    clock.tick(1)
    assert access.find(SHOWN) is None


def test_name_of_a_credential_gives_nothing_away() -> None:
    assert "secret" not in Credential("token", "secret").name
    assert Credential("token", "a").name != Credential("ticket", "a").name


@pytest.mark.parametrize(
    ("token", "wanted", "place"),
    [
        (READER, None, (ORG, ENVIRONMENT)),
        (READER, ENVIRONMENT, (ORG, ENVIRONMENT)),
        (replace(READER, environment=None), "staging", (ORG, "staging")),
    ],
)
def test_token_names_the_place(token: Token, wanted: str | None, place: tuple[str, str]) -> None:
    assert place_of(token, wanted) == place


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        (replace(READER, permissions=frozenset({Permission.READ})), None),
        (replace(READER, environment=None), None),
        (READER, "staging"),
    ],
)
def test_token_that_may_not_is_refused(token: Token, wanted: str | None) -> None:
    with pytest.raises(ForbiddenError):
        place_of(token, wanted)


def test_ticket_is_its_tokens_and_ends_with_it(store: SqlStore) -> None:
    store.tenants.save_org(Org(ORG, "Example", T0))
    token, secret = issue_token(
        store, ORG, "app", [Permission.FLAGS_READ], now=T0, ids=FakeIds(), environment=ENVIRONMENT
    )
    ticket = ticket_of(token)
    assert secret.rpartition("_")[2] not in ticket
    assert look_up(store, Credential("ticket", ticket), T0).id == token.id
    assert look_up(store, Credential("token", secret), T0).id == token.id
    for text in (ticket[:-1] + ("0" if ticket[-1] != "0" else "1"), secret, "", "x" * 300, "_", "tok_000001_ü"):
        with pytest.raises(UnauthenticatedError):
            look_up(store, Credential("ticket", text), T0)
    with pytest.raises(UnauthenticatedError):
        look_up(store, Credential("none"), T0)
    revoke_token(store, ORG, token.id, now=T0)
    with pytest.raises(UnauthenticatedError):
        look_up(store, Credential("ticket", ticket), T0)
