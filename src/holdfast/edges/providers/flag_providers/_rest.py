"""REST as flag systems speak it: JSON in, JSON out, and every refusal in words that a person can act on."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import msgspec

from holdfast.edges.providers.cookies import refuse_cookies
from holdfast.edges.providers.http import require_sendable
from holdfast.errors import ActionError, PlanError
from holdfast.model.frozen import frozen

TIMEOUT_S = 5.0
MAX_BODY_BYTES = 16 << 20
_WORDS = {
    401: "the credentials were refused",
    403: "the credentials do not allow it",
    409: "somebody else changed it at the same moment",
    412: "somebody else changed it at the same moment",
    429: "it asks to wait: too many requests",
}


@frozen
class RestAnswer:
    """What was answered: the status, its headers (names in lower case), the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, where: str) -> Any:  # an edge decoder: what the other side says is read field by field
        """Return the body as JSON. Raises: ActionError: it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ActionError(f"{where} answered something that is not JSON") from None


class Rest:
    """Asks one server. Safe between threads; redirects are not followed, so that a token goes nowhere else.

    `headers` is asked before every request: a rotated token counts at once.
    """

    def __init__(self, name: str, url: str, headers: Callable[[], Mapping[str, str]]) -> None:
        self.name = name
        self._url = url.rstrip("/")
        self._headers = headers
        self._client = httpx.Client(follow_redirects=False, timeout=TIMEOUT_S, cookies=refuse_cookies())

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        allow: tuple[int, ...] = (),
    ) -> RestAnswer:
        """Send one request. A status that is none of success is returned only when it is one of `allow`.

        Raises:
            ActionError: nobody answered, or the request was refused; says why.
        """
        sent = dict(self._credentials())
        if body is not None:
            content = msgspec.json.encode(body)
            sent["content-type"] = "application/json"
        sent.update(headers or {})
        require_sendable(sent)
        try:
            with self._client.stream(method, self._url + path, headers=sent, content=content) as response:
                answer = RestAnswer(response.status_code, dict(response.headers), _read(response, self.name))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
            because = str(error) or type(error).__name__
            raise ActionError(f"no answer from {self.name}: {because}") from None
        if not 200 <= answer.status < 300 and answer.status not in allow:
            raise ActionError(f"{self.name}: {_refusal(answer)}")
        return answer

    def _credentials(self) -> Mapping[str, str]:
        try:
            return self._headers()
        except PlanError as error:
            raise ActionError(f"{self.name}: {error.message}", hint=error.hint) from None

    def close(self) -> None:
        """Release connections."""
        self._client.close()


def _read(response: httpx.Response, name: str) -> bytes:
    out = bytearray()
    for chunk in response.iter_bytes():
        out += chunk
        if len(out) > MAX_BODY_BYTES:
            raise ActionError(f"{name} answered more than {MAX_BODY_BYTES >> 20} MiB")
    return bytes(out)


def _refusal(answer: RestAnswer) -> str:
    """Say why a request was not carried out: our words for the status, and theirs for the case."""
    words = _WORDS.get(answer.status, "it failed" if answer.status >= 500 else "it refused the request")
    wait = answer.headers.get("retry-after")
    after = f", for {wait} s" if answer.status == 429 and wait is not None and wait.isdecimal() else ""
    said = _message(answer.body)
    return f"{words}{after} (status {answer.status})" + (f": {said}" if said else "")


def _message(body: bytes) -> str:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(document, dict):
        return ""
    return next((document[name][:200] for name in ("message", "error") if isinstance(document.get(name), str)), "")


def canonical(document: object) -> str:
    """Return the one JSON text of a document: keys sorted, no spaces."""
    return msgspec.json.encode(document, order="deterministic").decode()
