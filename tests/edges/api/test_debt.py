"""Mitigation debt over the API."""

from tests.edges.api.conftest import Caller


def test_nothing_is_clamped_where_nothing_was_done(admin: Caller) -> None:
    assert admin.get("/mitigations/debt") == {"items": [], "next": None, "overdue": 0, "oldest_at": None}


def test_debt_of_another_org_is_not_seen(stranger: Caller) -> None:
    assert stranger.get("/mitigations/debt")["items"] == []
