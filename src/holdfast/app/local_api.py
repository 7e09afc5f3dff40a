"""The API in this process, on the store of a data folder: what `--data` means without a server.

A server may run on the same folder at the same time; the store takes both. What a command starts here is carried on by
the server's engine; as there may be none, a few rounds are made here after each call.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.app.house import House, open_house
from holdfast.app.settings import ORG, read_settings
from holdfast.edges.providers.api_client import HttpApi
from holdfast.errors import HoldfastError

ROUNDS = 20


class LocalApi(HttpApi):
    """The API without a socket, as the folder's administrator."""

    def __init__(self, house: House) -> None:
        super().__init__("http://local", house.admin_token, application=house.application())
        self._house = house

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
        answer = super().call(method, path, query=query, body=body, idempotency_key=idempotency_key)
        if method != "GET":
            for _ in range(ROUNDS):
                if not self._house.engine.step(ORG):
                    break
        return answer

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
