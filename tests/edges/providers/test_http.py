"""The real HTTP and the fake one keep the same promises."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from holdfast.edges.providers.http import HttpxHttp, open_probe_http
from holdfast.errors import ActionError, UnsentError
from holdfast.mitigations.probe_hosts import ANYBODY
from holdfast.ports.http import Http
from holdfast.testing.dripping import HEADER, dripping
from holdfast.testing.http import FakeHttp, Reply


class Handler(BaseHTTPRequestHandler):
    """Answers `/ok`, `/moved` and `/cut`."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/ok")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("X-Kind", "real")
        self.send_header("Content-Length", "10" if self.path == "/cut" else "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(params=["real", "fake"])
def http(request: pytest.FixtureRequest, origin: str) -> Iterator[Http]:
    if request.param == "real":
        real = HttpxHttp()
        yield real
        real.close()
        return
    fake = FakeHttp()
    fake.answer("GET", f"{origin}/ok", Reply(200, b"hello", {"X-Kind": "fake"}))
    fake.answer("GET", f"{origin}/moved", Reply(302, b"", {"Location": "/ok"}))
    fake.answer("GET", f"{origin}/cut", Reply(200, b"hello", cut=True))
    yield fake


def test_answer_has_status_headers_and_body(http: Http, origin: str) -> None:
    with http.open("GET", f"{origin}/ok", headers={}, timeout_s=5) as answer:
        assert answer.status == 200
        assert answer.headers["x-kind"] in {"real", "fake"}
        assert answer.body() == b"hello"


def test_body_is_cut_at_the_limit(http: Http, origin: str) -> None:
    with http.open("GET", f"{origin}/ok", headers={}, timeout_s=5) as answer:
        assert answer.body(limit_bytes=2) == b"he"


def test_redirect_is_not_followed(http: Http, origin: str) -> None:
    with http.open("GET", f"{origin}/moved", headers={}, timeout_s=5) as answer:
        assert (answer.status, answer.headers["location"]) == (302, "/ok")


def test_cut_body_is_an_error(http: Http, origin: str) -> None:
    with pytest.raises(ActionError, match="no answer"), http.open("GET", f"{origin}/cut", headers={}, timeout_s=5) as a:
        a.body()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://127.0.0.1/", "not a url", "http://[::bad/"])
def test_no_answer_is_an_error(http: Http, url: str) -> None:
    with pytest.raises(UnsentError, match="no answer"), http.open("GET", url, headers={}, timeout_s=2):
        pytest.fail("there was an answer")


def test_cut_answer_is_not_known_to_be_unsent(http: Http, origin: str) -> None:
    with pytest.raises(ActionError) as caught, http.open("GET", f"{origin}/cut", headers={}, timeout_s=5) as answer:
        answer.body()
    assert not isinstance(caught.value, UnsentError)


def test_error_names_no_secrets() -> None:
    http = HttpxHttp()
    url = "http://me:pw@127.0.0.1:1/x?token=s"
    with pytest.raises(ActionError) as caught, http.open("GET", url, headers={}, timeout_s=2):
        pytest.fail("there was an answer")
    http.close()
    assert "pw" not in str(caught.value)
    assert "token" not in str(caught.value)


def test_error_of_the_caller_stays_its_own(origin: str) -> None:
    http = HttpxHttp()
    with pytest.raises(ValueError, match="mine"), http.open("GET", f"{origin}/ok", headers={}, timeout_s=5):
        raise ValueError("mine")
    http.close()


@pytest.mark.parametrize(
    "secret", ["Bearer s3cr3t ", "Bearer s3cr3t\n", "Bearer s3cr\u00e9t", "s3cr3t\r\nX: y", "\udcff"]
)
def test_header_that_cannot_be_sent_is_refused_without_its_value(origin: str, secret: str) -> None:
    real = HttpxHttp()
    with (
        pytest.raises(UnsentError, match="`authorization`") as caught,
        real.open("GET", f"{origin}/ok", headers={"authorization": secret}, timeout_s=5),
    ):
        pytest.fail("it was sent")
    real.close()
    assert "s3cr" not in f"{caught.value} {caught.value.hint}"


def test_host_with_a_label_that_is_too_long_is_never_sent() -> None:
    real = HttpxHttp()
    with (
        pytest.raises(UnsentError, match="no answer"),
        real.open("GET", f"http://{'a' * 300}/", headers={}, timeout_s=5),
    ):
        pytest.fail("it was sent")
    real.close()


@pytest.mark.parametrize("make", [HttpxHttp, lambda: open_probe_http(ANYBODY)], ids=["usual", "probe"])
def test_a_header_that_drips_ends_after_ten_times_its_time(make: Callable[[], HttpxHttp]) -> None:
    """Each byte comes in time by itself."""
    with (
        dripping(HEADER) as url,
        closing(make()) as http,
        pytest.raises(ActionError, match="the answer took too long"),
        http.open("GET", url, headers={}, timeout_s=0.3),
    ):
        pass
