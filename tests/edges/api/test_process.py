"""The process's own routes: without a token, and without anything of a tenant."""

from tests.edges.api.conftest import Caller, World


def test_health_needs_no_token_and_no_feed(world: World) -> None:
    assert world.client.get("/healthz").json()["status"] == "ok"
    assert world.client.get("/readyz").json()["status"] == "ok"


def test_figures_count_requests_by_route_and_name_no_tenant(world: World, admin: Caller) -> None:
    admin.put("/environments/secret-place", {})
    admin.get("/environments/secret-place")
    admin.get("/nothing/secret-place", 404)
    text = world.client.get("/metrics").text
    assert (
        'holdfast_http_requests_total{method="GET",route="/api/v1/environments/{environment}",status="200"} 1.0' in text
    )
    assert "secret-place" not in text
    assert "acme" not in text
    assert "holdfast_http_request_seconds_bucket" in text
