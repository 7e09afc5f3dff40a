"""The same request twice is one effect and one answer."""

from typing import Any

from holdfast.model.tenancy import Permission
from tests.edges.api.conftest import RECORD, Caller, World


def send(caller: Caller, path: str, body: Any, key: str) -> Any:
    headers = {"Authorization": f"Bearer {caller.token}", "Idempotency-Key": key}
    return caller.world.client.post(f"/api/v1{path}", json=body, headers=headers)


def test_a_repeated_request_gets_the_same_answer_and_changes_nothing(admin: Caller) -> None:
    first = send(admin, "/advisories", RECORD, "k1")
    head = admin.get("/journal/head")
    admin.world.clock.tick(5)
    again = send(admin, "/advisories", RECORD, "k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert first.json()["changed"] is True
    assert admin.get("/journal/head") == head


def test_a_key_with_another_body_is_refused(admin: Caller) -> None:
    send(admin, "/advisories", RECORD, "k1")
    other = send(admin, "/advisories", RECORD | {"id": "OTHER-1"}, "k1")
    assert other.status_code == 409
    assert other.json()["where"] == "Idempotency-Key"
    admin.get("/advisories/OTHER-1", 404)


def test_a_key_counts_per_token_and_path(admin: Caller, world: World) -> None:
    other = Caller(world, world.token(Permission.ADVISORIES_WRITE))
    assert send(admin, "/advisories", RECORD, "k1").json()["changed"] is True
    assert send(other, "/advisories", RECORD, "k1").json()["changed"] is False
    assert send(admin, "/releases", {"service": "a", "version": "1"}, "k1").status_code == 201


def test_what_failed_may_be_tried_again_under_its_key(admin: Caller) -> None:
    deployment = {"environment": "production", "service": "shop", "version": "1"}
    assert send(admin, "/deployments", deployment, "k1").status_code == 404
    admin.post("/releases", {"service": "shop", "version": "1"})
    assert send(admin, "/deployments", deployment, "k1").status_code == 201


def test_a_secret_is_answered_again_and_stored_nowhere_in_clear(admin: Caller, world: World) -> None:
    body = {"name": "ci", "permissions": ["read"]}
    first = send(admin, "/tokens", body, "k1")
    again = send(admin, "/tokens", body, "k1")
    assert again.json() == first.json()
    assert Caller(world, first.json()["secret"]).get("/me")["token"] == first.json()["token"]
    with world.deps.store.read("acme") as tx:
        everything = repr(list(tx.journal.read()))
    assert first.json()["secret"].rpartition("_")[2] not in everything
    assert len([one for one in admin.get("/tokens")["items"] if one["name"] == "ci"]) == 1


def test_a_key_that_is_none_is_refused(admin: Caller) -> None:
    for key in ("", "x" * 256, "tab\there"):
        assert send(admin, "/advisories", RECORD, key).status_code == 400


def test_the_engine_is_told_of_a_change_and_not_of_a_replay(admin: Caller, world: World) -> None:
    send(admin, "/advisories", RECORD, "k1")
    told = len(world.told)
    send(admin, "/advisories", RECORD, "k1")
    admin.get("/services")
    assert told > 0
    assert len(world.told) == told
