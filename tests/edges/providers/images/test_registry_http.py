"""How a registry is asked: tokens, redirects, and what a bad one tries."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from holdfast.edges.providers.images.archive import OpenedImage
from holdfast.edges.providers.images.credentials import PASSWORD, USER, Found, Login
from holdfast.edges.providers.images.documents import Platform
from holdfast.edges.providers.images.reference import parse_reference
from holdfast.edges.providers.images.registry import pull_image
from holdfast.edges.providers.images.registry_http import RegistryHttp
from holdfast.edges.providers.images.tree import ImageTree
from holdfast.errors import FactError, HoldfastError, UsageError
from tests.edges.providers.images.answering import Answering, Told, answering
from tests.edges.providers.images.making import Layout, digest, layer

LOGIN = {USER: "ada", PASSWORD: "lovelace"}
BASIC = Login("ada", "lovelace").basic
MADE = Layout()
MANIFEST = MADE.blobs[MADE.add_image([layer({"a": "1"})])["digest"]]


def content(path: str) -> Told:
    """What a registry of one image answers."""
    name = path.rpartition("/")[2]
    data = MANIFEST if name == "1" else MADE.blobs.get(name)
    return Told(404) if data is None else Told(200, data)


@pytest.fixture
def registry() -> Iterator[Answering]:
    with answering() as found:
        found.respond = lambda path, _: content(path)
        yield found


@pytest.fixture
def other() -> Iterator[Answering]:
    with answering() as found:
        found.respond = lambda path, _: content(path)
        yield found


def pull(host: str, login: dict[str, str] | None = None) -> OpenedImage:
    wanted = Platform("amd64", "linux")
    return pull_image(f"{host}/pay:1", wanted, login or {}, is_asked=False, home=Path("/nowhere"))


def read(image: OpenedImage) -> bytes:
    return ImageTree(image.layers, lambda _: True, lambda _: True).read("a", 9)


def test_registry_that_asks_nobody_is_given_no_login(registry: Answering) -> None:
    assert read(pull(registry.host, LOGIN)) == b"1"
    assert {authorization for _, authorization in registry.asked} == {""}


@pytest.mark.parametrize("login", [{}, LOGIN])
def test_token_is_fetched_once_and_goes_to_the_registry_alone(
    login: dict[str, str], registry: Answering, other: Answering
) -> None:
    challenge = f'Bearer realm="http://{other.host}/token?x=1",service="the registry",scope="repository:pay:pull,push"'
    other.respond = lambda _path, _authorization: Told(200, b'{"token": "T1"}')

    def respond(path: str, authorization: str) -> Told:
        return content(path) if authorization == "Bearer T1" else Told(401, b"", {"www-authenticate": challenge})

    registry.respond = respond
    assert read(pull(registry.host, login)) == b"1"
    ((path, authorization),) = other.asked
    assert parse_qs(urlsplit(path).query) == {"x": ["1"], "service": ["the registry"], "scope": ["repository:pay:pull"]}
    assert authorization == (BASIC if login else "")
    assert {one for _, one in registry.asked} == {"", "Bearer T1"}


def test_token_that_ran_out_is_fetched_again(registry: Answering, other: Answering) -> None:
    """A token is good for one answer; the second question finds it spent."""
    tokens = iter(["T1", "T2", "T3", "T4"])
    good: set[str] = set()

    def give(_path: str, _authorization: str) -> Told:
        token = next(tokens)
        good.add(f"Bearer {token}")
        return Told(200, f'{{"access_token": "{token}"}}'.encode())

    def respond(path: str, authorization: str) -> Told:
        if authorization not in good:
            return Told(401, b"", {"www-authenticate": f'Bearer realm="http://{other.host}/token"'})
        good.remove(authorization)
        return content(path)

    other.respond, registry.respond = give, respond
    assert read(pull(registry.host)) == b"1"
    assert len(other.asked) == 3


def test_redirect_to_another_host_carries_no_login(registry: Answering, other: Answering) -> None:
    def respond(path: str, authorization: str) -> Told:
        if not authorization:
            return Told(401, b"", {"www-authenticate": 'Basic realm="x"'})
        if "/blobs/" in path:
            return Told(307, b"", {"location": f"http://{other.host}/store/{path.rpartition('/')[2]}"})
        return content(path)

    registry.respond = respond
    assert read(pull(registry.host, LOGIN)) == b"1"
    assert {authorization for _, authorization in registry.asked} == {"", BASIC}
    assert len(other.asked) == 2
    assert {authorization for _, authorization in other.asked} == {""}


def test_other_host_that_asks_for_a_login_gets_none(registry: Answering, other: Answering) -> None:
    registry.respond = lambda path, _: Told(307, b"", {"location": f"http://{other.host}{path}"})
    other.respond = lambda _path, _authorization: Told(401, b"", {"www-authenticate": 'Basic realm="x"'})
    with pytest.raises(UsageError, match="status 401"):
        pull(registry.host, LOGIN)
    assert {authorization for _, authorization in other.asked} == {""}


@pytest.mark.parametrize(
    ("location", "because"),
    [
        ("http://169.254.169.254/latest/meta-data", "link-local, or a cloud's own"),
        ("http://[::ffff:169.254.169.254]/", "link-local, or a cloud's own"),
        ("http://0xa9fea9fe/", "link-local, or a cloud's own"),
        ("ftp://registry.example/x", "which is not asked"),
        ("file:///etc/passwd", "which is not asked"),
        ("http://ada:lovelace@registry.example/", "which is not asked"),
        ("http://[::1", "no answer|not asked|Invalid|redirect"),
        ("", "over 5 redirects"),
        ("/v2/pay/manifests/1", "over 5 redirects"),
    ],
)
def test_redirect_to_where_nobody_should_ask_is_refused(location: str, because: str, registry: Answering) -> None:
    registry.respond = lambda _path, _authorization: Told(302, b"", {"location": location})
    with pytest.raises(HoldfastError, match=because):
        pull(registry.host)


@pytest.mark.parametrize(
    ("addresses", "because"),
    [
        (["127.0.0.1"], "leads to this machine itself"),
        (["10.0.0.1", "::1"], "leads to this machine itself"),
        (["::ffff:127.0.0.1"], "leads to this machine itself"),
        (["0.0.0.0"], "leads to this machine itself"),
        (["169.254.169.254"], "link-local, or a cloud's own"),
    ],
)
def test_registry_elsewhere_never_leads_to_this_machine_or_its_cloud(addresses: list[str], because: str) -> None:
    with pytest.raises(FactError, match=because):
        pull_image(
            "registry.example/pay:1",
            Platform("amd64", "linux"),
            {},
            is_asked=False,
            home=Path("/nowhere"),
            resolve=lambda _host, _port: addresses,
        )


@pytest.mark.parametrize(
    ("challenge", "because"),
    [
        ("", "status 401"),
        ("Negotiate", "a login of another kind"),
        ('Basic realm="x"', "nobody may without a login"),
        ("Bearer", "a token server that leads to"),
        ('Bearer realm="ftp://127.0.0.1/"', "a token server that leads to"),
        ('Bearer realm="http://169.254.169.254/token"', "link-local, or a cloud's own"),
    ],
)
def test_challenge_that_can_not_be_answered_is_refused(challenge: str, because: str, registry: Answering) -> None:
    headers = {"www-authenticate": challenge} if challenge else {}
    registry.respond = lambda _path, _authorization: Told(401, b"", headers)
    with pytest.raises(HoldfastError, match=because):
        pull(registry.host)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\nb"}', b"\xff", b"[" * 99_999])
def test_token_server_that_gives_no_token_is_an_error(body: bytes, registry: Answering, other: Answering) -> None:
    other.respond = lambda _path, _authorization: Told(200, body)
    challenge = f'Bearer realm="http://{other.host}/token"'
    registry.respond = lambda _path, _authorization: Told(401, b"", {"www-authenticate": challenge})
    with pytest.raises(FactError, match="gave no token"):
        pull(registry.host)


@pytest.mark.parametrize(
    ("registry_host", "realm", "is_given"),
    [
        ("registry.example.org", "https://registry.example.org/token", True),
        ("registry.example.org", "https://auth.example.org/token", True),
        ("registry.example.org", "https://example.org/token", True),
        ("registry.example.org", "https://deep.auth.example.org/token", True),
        ("registry.example.org", "https://evil.example/token", False),
        ("registry.example.org", "https://notexample.org/token", False),
        ("example.org", "https://evil.org/token", False),
        ("10.0.0.1", "https://10.0.0.2/token", False),
        ("10.0.0.1", "https://0.0.0.2/token", False),
    ],
)
def test_login_goes_to_token_servers_of_the_registrys_own_domain(
    registry_host: str, realm: str, *, is_given: bool
) -> None:
    """Nobody answers there: an error of the connection says that the login would have been sent."""

    def resolve(_host: str, _port: int) -> Sequence[str]:
        raise OSError("nobody there")

    http = RegistryHttp(parse_reference(f"{registry_host}/pay:1"), Found(Login("ada", "x")), resolve)
    because = "nobody there|no answer" if is_given else "of another domain, so it is not given the login"
    with pytest.raises(HoldfastError, match=because):
        http._answer_to(f'Bearer realm="{realm}"')
    http.close()


@pytest.mark.parametrize(
    ("told", "because"),
    [
        (Told(200, MANIFEST, {"docker-content-digest": digest(b"other")}), "expected the digest"),
        (Told(200, b"<html>"), "expected document"),
        (Told(200, b"x" * (9 << 20)), "a manifest of over"),
        (Told(500), "the registry answered 500 for manifests/1"),
        (Told(200, b"{", {"content-length": "99"}), "no answer"),
    ],
)
def test_registry_that_answers_nonsense_is_an_error(told: Told, because: str, registry: Answering) -> None:
    registry.respond = lambda _path, _authorization: told
    with pytest.raises(FactError, match=because):
        pull(registry.host)


@pytest.mark.parametrize("data", [b"", b"short", b"x" * 100_000])
def test_blob_of_another_size_or_digest_is_an_error(data: bytes, registry: Answering) -> None:
    registry.respond = lambda path, _: Told(200, data) if "/blobs/" in path else content(path)
    with pytest.raises(FactError, match=r"expected sha256:.* bytes, got"):
        pull(registry.host)


def test_registry_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FactError, match=r"no answer from http://127\.0\.0\.1:1"):
        pull("127.0.0.1:1")
