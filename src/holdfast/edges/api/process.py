"""The process itself: is it up, is it ready, how much does it do. No token, and nothing of any tenant.

`/healthz` answers as long as the process runs. `/readyz` answers 200 once the store does; it does not wait for a feed.
`/metrics` has counts and times of requests by route and status, and of the process, in Prometheus' text format.
"""

import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from holdfast.edges.api.deps import ApiDependencies
from holdfast.edges.api.verbs import get
from holdfast.errors import HoldfastError
from holdfast.model.tenancy import PUBLIC

Visitor = Request[Any, Any, State]
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Health(msgspec.Struct, frozen=True):
    """Whether it is; `because` says why not."""

    status: Literal["ok", "not ready"]
    because: str | None = None


class Figures:
    """Counts of one app's requests, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self.requests = Counter("holdfast_http_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "holdfast_http_request_seconds", "Time to answer.", labels[:2], registry=self.registry, buckets=_BUCKETS
        )

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """Return the app with its requests counted, by route and never by address."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            started = time.perf_counter()
            status = 500

            async def note(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, note)
            finally:
                self._count(scope, status, time.perf_counter() - started)

        return counted

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = str(scope.get("path_template") or "other")
        method = str(scope.get("method", "GET"))
        self.requests.labels(method, route, str(status)).inc()
        if not route.endswith("/events"):  # a stream is open for as long as somebody looks
            self.seconds.labels(method, route).observe(seconds)


@get("/healthz", include_in_schema=False)
def get_health(request: Visitor) -> Response[Any]:
    """Answer as long as the process runs."""
    return Response(msgspec.json.encode(Health("ok")), media_type="application/json")


@get("/readyz", include_in_schema=False)
def get_ready(request: Visitor) -> Response[Any]:
    """Answer 200 when the store answers and is migrated, else 503."""
    deps: ApiDependencies = request.app.state["api"]
    because = _why_not_ready(deps)
    health = Health("ok") if because is None else Health("not ready", because)
    return Response(
        msgspec.json.encode(health), media_type="application/json", status_code=200 if because is None else 503
    )


def _why_not_ready(deps: ApiDependencies) -> str | None:
    try:
        with deps.store.read(PUBLIC) as tx:
            tx.journal.head()
    except HoldfastError as error:
        return error.message
    except deps.store_failures:
        return "the store does not answer"
    return None


@get("/metrics", include_in_schema=False)
def get_figures(request: Visitor) -> Response[bytes]:
    """Answer in Prometheus' text format; nothing in it is of a tenant."""
    figures: Figures = request.app.state["figures"]
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)


HANDLERS: list[Callable[..., Any]] = [get_health, get_ready, get_figures]
