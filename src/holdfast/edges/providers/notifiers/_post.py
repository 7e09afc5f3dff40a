"""Sending one message by HTTP."""

from collections.abc import Mapping

from holdfast.errors import ActionError
from holdfast.ports.http import Http

TIMEOUT_S = 10.0


def post(http: Http, name: str, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Post JSON.

    Raises:
        ActionError: no answer, or none of success. The address is not in the message: it may be a secret.
    """
    sent = {"content-type": "application/json", "user-agent": "holdfast"} | dict(headers)
    try:
        with http.open("POST", url, headers=sent, timeout_s=TIMEOUT_S, body=body) as answer:
            answer.body(4096)
            status = answer.status
    except ActionError as error:
        because = error.message.rpartition(": ")[2]
        raise ActionError(f"`{name}` did not answer: {because}") from None
    if not 200 <= status < 300:
        raise ActionError(f"`{name}` answered with status {status}")
