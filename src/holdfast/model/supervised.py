"""What a supervisor says of the process that it keeps running, as it stands in its status file."""

import json
from dataclasses import asdict

from holdfast.model.frozen import frozen

STATUS_FILE = "state/supervisor.json"
"""Below the root of the releases. Replaced whole at every change."""
LOCK_FILE = "state/supervisor.lock"
"""Held (flock, exclusive) for as long as the supervisor lives: without it the status file tells of the past."""
CURRENT = "current"
"""The symbolic link to the release that is to run: `releases/<version>`."""
RELEASES = "releases"


@frozen
class Supervised:
    """The process that runs now. `version` and `pid` are `None` while none does.

    `healthy` is what its health check said last, `None` before the first answer. `starts` counts the processes that
    this supervisor started; `since` is when the present state began (RFC 3339).
    """

    version: str | None
    pid: int | None
    healthy: bool | None
    detail: str
    starts: int
    since: str


def supervised_to_json(status: Supervised) -> str:
    """Return the text of a status file."""
    return json.dumps({"schema": "holdfast.supervised/1", **asdict(status)}, ensure_ascii=False, sort_keys=True) + "\n"


def supervised_from_json(text: str) -> Supervised:
    """Return what a status file says.

    Raises:
        ValueError: it is not the text of a status file.
    """
    found = json.loads(text)
    if not isinstance(found, dict) or found.pop("schema", None) != "holdfast.supervised/1":
        raise ValueError("not a supervisor's status")
    try:
        return Supervised(**found)
    except TypeError as error:
        raise ValueError(str(error)) from None
