"""The demo, begun from a page: the same play as `holdfast demo`, against this very server."""

import threading

import structlog

from holdfast.app.demo import find_shop, play
from holdfast.app.house import House
from holdfast.edges.providers.api_client import HttpApi
from holdfast.errors import HoldfastError

_LOG = structlog.get_logger("holdfast")


class DemoPlayer:
    """Plays the demo in a thread of its own, one play at a time."""

    def __init__(self, house: House, url: str) -> None:
        self._house = house
        self._url = url
        self._playing = threading.Lock()

    def begin(self) -> None:
        """Begin a play, unless one is under way; returns at once."""
        if self._playing.acquire(blocking=False):
            threading.Thread(target=self._play, name="holdfast-demo", daemon=True).start()

    def _play(self) -> None:
        api = HttpApi(self._url, self._house.admin_token)
        try:
            play(
                api,
                self._url,
                find_shop(),
                self._house.settings.data / "demo",
                lambda text: _LOG.info("demo", says=text),
            )
        except HoldfastError as error:
            _LOG.warning("demo", error=str(error))
        finally:
            api.close()
            self._playing.release()
