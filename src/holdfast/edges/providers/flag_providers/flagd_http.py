"""flagd's HTTP source: a document that is read and written at a URL.

The server must give an `ETag`, and honour `If-Match`: without them a change that somebody makes at the same moment
would be lost, so that one without is a problem that is told before it is needed.

Source: RFC 9110, sections 8.8.3 and 13.1.1.
"""

from collections.abc import Mapping

from holdfast.edges.providers.flag_providers._flagd import OFREP, Flagd, Loaded, open_ofrep
from holdfast.edges.providers.flag_providers._flagd_text import parse_flagd
from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.target_spec import Option, TargetSpec, Tools, required_text, text_option
from holdfast.errors import ActionError
from holdfast.model.target import Target

_TYPES = {"json": "application/json", "yaml": "application/yaml"}


class HttpSource:
    """One document; `kind` is `json` or `yaml`."""

    def __init__(self, rest: Rest, kind: str) -> None:
        self._rest = rest
        self._kind = kind

    def load(self) -> Loaded:
        """Read the document. Raises: ActionError: no answer, no flags, or no ETag."""
        answer = self._rest.ask("GET", "", headers={"accept": _TYPES[self._kind], "cache-control": "no-cache"})
        try:
            text = answer.body.decode()
        except UnicodeDecodeError:
            raise ActionError("flagd's source is not UTF-8") from None
        version = answer.headers.get("etag")
        if not version:
            raise ActionError("flagd's source gives no ETag: a change by somebody else would be lost")
        return Loaded(parse_flagd(text, self._kind), version)

    def save(self, text: str, loaded: Loaded) -> bool:
        """Write the document if its ETag is still the same. Raises: ActionError."""
        headers = {"content-type": _TYPES[self._kind], "if-match": loaded.version}
        answer = self._rest.ask("PUT", "", content=text.encode(), headers=headers, allow=(409, 412))
        return answer.status not in {409, 412}

    def find_problem(self) -> str | None:
        """Return `None`: whether it may be written is only seen by writing."""
        return None


def _open(target: Target, tools: Tools) -> Flagd:
    def headers() -> Mapping[str, str]:
        token = tools.secret(target, "token")
        return {"authorization": f"Bearer {token}"} if token is not None else {}

    rest = Rest("flagd's source", required_text(target, "url"), headers)
    return Flagd(
        target.name, HttpSource(rest, text_option(target, "format", "json") or "json"), open_ofrep(target, tools)
    )


SPEC = TargetSpec(
    id="flagd_http",
    section="flags",
    about="flagd with an HTTP source that takes `PUT` with `If-Match`.",
    options=(
        Option("url", True, False, "The document that flagd reads; it is read and written there.", kind="url"),
        Option("token", False, True, "A bearer token for it."),
        Option("format", False, False, "What the document is written in; `json` by default.", choices=("json", "yaml")),
        OFREP,
    ),
    open=_open,
)
