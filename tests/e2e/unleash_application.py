"""An application that asks Unleash by its official SDK: `python -m tests.e2e.unleash_application URL TOKEN FLAG CACHE`.

Says the port that it answers at, then answers every request with how it draws receipts just then. What the SDK heard
last it goes by as long as Unleash is silent.
"""

import sys

from UnleashClient import UnleashClient  # type: ignore[attr-defined]  # it is its public name, without `__all__`
from UnleashClient.cache import FileCache

from tests.e2e.answering import answer_until_killed

SHORTEST_REFRESH_S = 1


def main(url: str, token: str, flag: str, cache: str) -> None:
    """Serve until killed."""
    client = UnleashClient(
        url=f"{url}/api",
        app_name="shop",
        refresh_interval=SHORTEST_REFRESH_S,
        refresh_jitter=None,
        custom_headers={"Authorization": token},
        disable_metrics=True,
        cache=FileCache("shop", directory=cache),
    )
    client.initialize_client()

    answer_until_killed(lambda _: (200, {"renderer": "acme-pdf" if client.is_enabled(flag) else "plain"}))


if __name__ == "__main__":
    main(*sys.argv[1:])
