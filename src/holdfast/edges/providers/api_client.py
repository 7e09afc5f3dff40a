"""The product's own API over HTTP: from another machine, or in process without any socket.

The answer to a problem is the error that caused it, with the same words and hint, so that a command reads the same
against a server and against the local store.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from holdfast.errors import (
    ConflictError,
    FactError,
    ForbiddenError,
    HoldfastError,
    NotFoundError,
    UnauthenticatedError,
    UsageError,
)

_ERRORS: dict[int, type[HoldfastError]] = {
    400: UsageError,
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    413: UsageError,
    422: FactError,
}
PREFIX = "/api/v1"
TIMEOUT_S = 60.0


class HttpApi:
    """Calls a server, or an ASGI application in this process."""

    def __init__(self, url: str, token: str, *, application: Any = None, timeout_s: float | None = TIMEOUT_S) -> None:
        """`application` is called directly where it is given; `url` is then only a name.

        `timeout_s` bounds the whole of one call: a server that drips a byte at a time is none that answers. `None` is
        for what runs in this process: given up, it would go on and do what was said to have failed.
        """
        transport = httpx.ASGITransport(application) if application is not None else None
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"authorization": f"Bearer {token}"},
            timeout=timeout_s,
            transport=transport,
            trust_env=application is None,
        )
        self.timeout_s = timeout_s
        self._runner = asyncio.Runner()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Send one request and return the decoded answer.

        Raises:
            HoldfastError: no answer, or a problem; the subclass follows the status.
        """
        params = _parameters(query)
        headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
        request = self._client.build_request(method, PREFIX + path, params=params, json=body, headers=headers)
        try:
            response = self._runner.run(asyncio.wait_for(self._client.send(request), self.timeout_s))
        except (httpx.HTTPError, TimeoutError) as error:
            late = isinstance(error, (httpx.TimeoutException, TimeoutError))
            because = f"nothing within {self.timeout_s or 0:g} s" if late else str(error) or type(error).__name__
            raise HoldfastError(
                f"no answer from {self._client.base_url}: {because}",
                hint="is the server up? `holdfast up`, or name it with --server",
            ) from None
        if response.is_success:
            return _decoded(response)
        raise _problem(response)

    def pages(self, path: str, *, query: Mapping[str, object] | None = None) -> Iterator[Any]:
        """Yield the items of all pages of a list."""
        cursor: str | None = None
        while True:
            page = self.call("GET", path, query={**(query or {}), "cursor": cursor})
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise HoldfastError("expected an answer of Holdfast's, got no page of a list", where=path)
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def close(self) -> None:
        """Close connections and the event loop."""
        self._runner.run(self._client.aclose())
        self._runner.close()


def _parameters(query: Mapping[str, object] | None) -> dict[str, Any]:
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (query or {}).items()
        if value is not None
    }


def _decoded(response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        raise HoldfastError(
            "expected an answer of Holdfast's, got no JSON", where=str(response.url), hint="is it Holdfast's address?"
        ) from None


def _problem(response: httpx.Response) -> HoldfastError:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or "detail" not in document:
        return HoldfastError(f"expected an answer of Holdfast's, got {response.status_code}", where=str(response.url))
    kind = _ERRORS.get(response.status_code, HoldfastError)
    detail = str(document["detail"])
    for error in document.get("errors") or ():
        detail += f"\n  {error.get('where') or ''}: {error['detail']}"
    return kind(detail, where=document.get("where"), hint=document.get("hint"))
