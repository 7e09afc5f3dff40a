"""Measured values by Prometheus' query API, or of what speaks it (Thanos, Mimir, VictoriaMetrics).

Source: Prometheus HTTP API v1, instant queries.
"""

import json
from typing import Any
from urllib.parse import quote

from holdfast.edges.providers.target_spec import Option, TargetSpec, Tools, duration_option, required_text
from holdfast.errors import ActionError, PlanError
from holdfast.model.target import Target

ANSWER_LIMIT_BYTES = 1 << 20
MAX_EXPRESSION = 4096


class Prometheus:
    """One source."""

    def __init__(self, target: Target, tools: Tools) -> None:
        self.name = target.name
        self._target = target
        self._tools = tools
        self._url = required_text(target, "url").rstrip("/")
        self._timeout_s = duration_option(target, "timeout", 5.0)

    def find_problem(self) -> str | None:
        """Say why it can't be asked now."""
        try:
            return None if self.query("vector(1)") == 1.0 else "it does not know that one is one"
        except (ActionError, PlanError) as error:
            return error.message

    def query(self, expression: str) -> float | None:
        """Return the value of an instant query; `None` when it gives none.

        Raises:
            ActionError: no answer, an expression that is none, or one that gives several values.
        """
        if len(expression) > MAX_EXPRESSION:
            raise ActionError(f"a query of over {MAX_EXPRESSION} characters")
        url = f"{self._url}/api/v1/query?query={quote(expression, safe='')}"
        headers = {"accept": "application/json", "user-agent": "holdfast-probe"}
        authorization = self._tools.secret(self._target, "authorization")
        if authorization is not None:
            headers["authorization"] = authorization
        with self._tools.http.open("GET", url, headers=headers, timeout_s=self._timeout_s) as answer:
            status, body = answer.status, answer.body(ANSWER_LIMIT_BYTES)
        return self._value(status, body)

    def _value(self, status: int, body: bytes) -> float | None:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise ActionError(f"`{self.name}` answered with status {status} and no JSON") from None
        if not isinstance(document, dict) or status != 200 or document.get("status") != "success":
            because = document.get("error") if isinstance(document, dict) else None
            raise ActionError(f"`{self.name}` answered with status {status}: {str(because or 'no success')[:200]}")
        try:
            return _read_result(document["data"])
        except (KeyError, TypeError, ValueError, IndexError):
            raise ActionError(f"`{self.name}` answered in a way that Prometheus does not") from None

    def __repr__(self) -> str:
        return f"Prometheus({self.name!r})"


def _read_result(data: Any) -> float | None:
    """Return the one value of an answer. Raises: ActionError: there are several."""
    if data["resultType"] == "scalar":
        return float(data["result"][1])
    if data["resultType"] != "vector":
        raise ActionError(f"a query that gives a {str(data['resultType'])[:40]}", hint="an instant query of one value")
    if len(data["result"]) > 1:
        raise ActionError(f"a query that gives {len(data['result'])} values", hint="aggregate it: `sum(…)`, `max(…)`")
    return float(data["result"][0]["value"][1]) if data["result"] else None


SPEC = TargetSpec(
    id="prometheus",
    section="metrics",
    about="Prometheus, or what speaks its query API.",
    options=(
        Option("url", True, False, "Where it is; `/api/v1/query` is added.", "url"),
        Option("authorization", False, True, "A whole `Authorization` header, where it wants one."),
        Option("timeout", False, False, "How long an answer may take; `5s` without.", "duration"),
    ),
    open=Prometheus,
)
