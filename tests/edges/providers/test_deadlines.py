"""What an exchange reads ends at its deadline, however little each wait takes."""

import httpx
import pytest

from holdfast.edges.providers.deadlines import bound, deadline
from holdfast.testing.dripping import BODY, HEADER, dripping


@pytest.mark.parametrize("begins", [HEADER, BODY], ids=["header", "body"])
def test_what_drips_ends_at_the_deadline(begins: bytes) -> None:
    transport = httpx.HTTPTransport()
    bound(transport)
    with (
        dripping(begins) as url,
        httpx.Client(transport=transport, timeout=30) as client,
        pytest.raises(httpx.ReadTimeout, match="the answer took too long"),
        deadline(0.2),
    ):
        client.get(url)


def test_a_deadline_within_another_gives_it_back() -> None:
    transport = httpx.HTTPTransport()
    bound(transport)
    with dripping(HEADER) as url, httpx.Client(transport=transport, timeout=30) as client, deadline(0.2):
        with deadline(60):
            pass
        with pytest.raises(httpx.ReadTimeout, match="the answer took too long"):
            client.get(url)
