"""The API in this process, on the store of a data folder: what `--data` means without a server.

A server may run on the same folder at the same time; the store takes both. What a command starts here is carried on by
the server's engine; as there may be none, it is carried on here for a few seconds after each call. For the same reason
waivers that ended meanwhile are seen to before the first call.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.app.house import House, open_house
from holdfast.app.rejudging import judge_here
from holdfast.app.settings import ORG, read_settings
from holdfast.edges.providers.api_client import HttpApi
from holdfast.errors import HoldfastError
from holdfast.loop.judging import mark_ended
from holdfast.mitigations.autonomy import WORKING

PATIENCE_S = 5.0
LOOK_S = 0.05


class LocalApi(HttpApi):
    """The API without a socket, as the folder's administrator."""

    def __init__(self, house: House) -> None:
        super().__init__("http://local", house.admin_token, application=house.local_api(), timeout_s=None)
        self._house = house
        self._is_up_to_date = False

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Call, then let the engine act on what that asked for."""
        if not self._is_up_to_date:
            self._is_up_to_date = True
            mark_ended(self._house.store, self._house.clock, ORG)
            judge_here(self._house, ORG)
        answer = super().call(method, path, query=query, body=body, idempotency_key=idempotency_key)
        if method != "GET":
            judge_here(self._house, ORG)
            self._carry_on()
        return answer

    def _carry_on(self) -> None:
        """Go rounds while runs are under way, for a few seconds; a probe that takes longer is left to a server."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and not self._house.drills.is_busy:  # a drill goes rounds by itself
            if self._house.engine.step(ORG):
                continue
            with self._house.store.read(ORG) as tx:
                if not any(run.state in WORKING for run in tx.runs.unfinished()):
                    return
            time.sleep(LOOK_S)

    def close(self) -> None:
        """Close the API and the store."""
        super().close()
        self._house.close()


def open_local_api(data: Path) -> LocalApi:
    """Return the API on a data folder.

    Raises:
        HoldfastError: there is no such folder: a command does not make one by a typing error.
    """
    settings = read_settings(data)
    require_data_folder(data)
    return LocalApi(open_house(settings))


def require_data_folder(data: Path) -> None:
    """Raises: HoldfastError: there is no such folder."""
    if not data.is_dir():
        raise HoldfastError(
            f"there is no data folder `{data}`",
            hint="start a server on it (`holdfast up --data DIR`), or name one with --data or --server",
        )
