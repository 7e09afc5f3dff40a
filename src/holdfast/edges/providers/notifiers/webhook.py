"""Messages as JSON to an address: `{"title": …, "text": …, "key": …}`, signed where a secret is given."""

import json

from holdfast.edges.providers.http_targets.signed import sign
from holdfast.edges.providers.notifiers._post import post
from holdfast.edges.providers.target_spec import Option, TargetSpec, Tools, required_text
from holdfast.errors import PlanError
from holdfast.model.target import Target


class Webhook:
    """One receiver."""

    def __init__(self, target: Target, tools: Tools) -> None:
        self.name = target.name
        self._target = target
        self._tools = tools

    def find_problem(self) -> str | None:
        """Say whether its secrets are there; whether it listens is not asked: asking would tell it something."""
        try:
            self._tools.secret(self._target, "secret")
            self._tools.secret(self._target, "authorization")
        except PlanError as error:
            return error.message
        return None

    def send(self, title: str, text: str, key: str) -> None:
        """Tell it."""
        body = json.dumps({"title": title, "text": text, "key": key}, ensure_ascii=False).encode()
        headers = {"idempotency-key": key}
        secret = self._tools.secret(self._target, "secret")
        if secret is not None:
            timestamp = str(int(self._tools.clock.now().timestamp()))
            headers |= {"x-holdfast-timestamp": timestamp}
            headers |= {"x-holdfast-signature": sign(secret, ("POST", timestamp, key), body)}
        authorization = self._tools.secret(self._target, "authorization")
        if authorization is not None:
            headers["authorization"] = authorization
        post(self._tools.http, self.name, required_text(self._target, "url"), body, headers)


SPEC = TargetSpec(
    id="webhook",
    section="notify",
    about="Any receiver of JSON: `title`, `text`, `key`.",
    options=(
        Option("url", True, False, "Where messages are sent.", "url"),
        Option(
            "secret", False, True, "What they are signed with: over `POST`, timestamp and key, a line each, then body."
        ),
        Option("authorization", False, True, "A whole `Authorization` header, where the receiver wants one."),
    ),
    open=Webhook,
)
