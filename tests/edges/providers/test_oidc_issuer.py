"""Signatures of a real issuer on this machine, and issuers that are not what they say."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.oidc_issuer import FRESH, REST, STALE, HttpIssuers, open_issuer_http
from holdfast.errors import FeedError, UnauthenticatedError
from holdfast.testing.clocks import FakeClock
from holdfast.testing.http import FakeHttp, Reply
from tests.edges.providers.listening import Got, listening
from tests.edges.providers.oidc_server import Issuer, oidc_issuer

FAR = "https://issuer.example"
ABOUT, KEYS = f"{FAR}/.well-known/openid-configuration", f"{FAR}/keys"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with oidc_issuer() as found:
        yield found


@pytest.fixture
def http() -> Iterator[HttpxHttp]:
    opened = open_issuer_http(loopback=True)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuers(http: HttpxHttp, clock: FakeClock) -> HttpIssuers:
    return HttpIssuers(http, clock, loopback=True)


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@pytest.mark.parametrize("kid", ["rsa", "ec", "ed"])
def test_what_the_issuer_signed_is_believed(issuer: Issuer, issuers: HttpIssuers, kid: str) -> None:
    claims = issuers.verify(issuer.sign(kid, repository="acme/shop"), issuer.url)
    assert (claims["iss"], claims["repository"]) == (issuer.url, "acme/shop")


def test_a_word_that_was_changed_breaks_the_signature(issuer: Issuer, issuers: HttpIssuers) -> None:
    header, _, signature = issuer.sign(repository="evil/shop").split(".")
    forged = f"{header}.{part({'iss': issuer.url, 'repository': 'acme/shop'})}.{signature}"
    with pytest.raises(UnauthenticatedError, match="signature does not hold"):
        issuers.verify(forged, issuer.url)


def test_no_signature_at_all_is_refused(issuer: Issuer, issuers: HttpIssuers) -> None:
    for algorithm in ("none", "None", "NONE"):
        token = f"{part({'alg': algorithm, 'kid': 'rsa'})}.{part({'iss': issuer.url})}."
        with pytest.raises(UnauthenticatedError):
            issuers.verify(token, issuer.url)


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
def test_a_public_key_is_no_shared_secret(issuer: Issuer, issuers: HttpIssuers, algorithm: str) -> None:
    """Everybody knows the public key: who signs with it as with a secret must not be believed."""
    public = jwt.PyJWK(issuer.keys()["rsa"]).key.public_bytes(*_pem())
    signed = f"{part({'alg': algorithm, 'kid': 'rsa'})}.{part({'iss': issuer.url})}"
    digest = hmac.new(public, signed.encode(), hashlib.sha256 if algorithm == "HS256" else hashlib.sha512).digest()
    token = f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    with pytest.raises(UnauthenticatedError, match="not for 'HS"):
        issuers.verify(token, issuer.url)


def _pem() -> tuple[object, object]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return Encoding.PEM, PublicFormat.SubjectPublicKeyInfo


def test_a_key_of_ones_own_under_a_known_name_is_refused(issuer: Issuer, issuers: HttpIssuers) -> None:
    own = rsa.generate_private_key(65537, 2048)
    mine = {"iss": issuer.url}
    for headers in ({"kid": "rsa"}, {"kid": "rsa", "jku": "https://evil.example/keys"}):
        with pytest.raises(UnauthenticatedError, match="signature does not hold"):
            issuers.verify(jwt.encode(mine, own, "RS256", headers=headers), issuer.url)
    with pytest.raises(UnauthenticatedError, match="not for"):
        issuers.verify(jwt.encode(mine, own, "RS256", headers={"kid": "ec"}), issuer.url)


def test_a_new_key_is_found_and_strange_ones_ask_no_more(
    issuer: Issuer, issuers: HttpIssuers, clock: FakeClock
) -> None:
    """The issuer is asked; a key is added and a token signed by it is refused until thirty seconds have passed."""
    issuers.verify(issuer.sign(), issuer.url)
    issuer.rotate("next")
    token = issuer.sign("next")
    with pytest.raises(UnauthenticatedError, match="publishes no key 'next'"):
        issuers.verify(token, issuer.url)
    clock.tick(REST.total_seconds())
    assert issuers.verify(token, issuer.url)["iss"] == issuer.url
    assert issuers.verify(issuer.sign(), issuer.url)["iss"] == issuer.url


def test_this_machine_is_asked_only_where_the_operator_says_so(issuer: Issuer, clock: FakeClock) -> None:
    closed = open_issuer_http(loopback=False)
    try:
        strict = HttpIssuers(closed, clock)
        with pytest.raises(UnauthenticatedError, match="HOLDFAST_OIDC_LOOPBACK"):
            strict.verify(issuer.sign(), issuer.url)
    finally:
        closed.close()


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "fd00:ec2::254"]
)
def test_a_name_that_leads_to_this_machine_or_to_a_cloud_is_not_asked(clock: FakeClock, address: str) -> None:
    http = open_issuer_http(loopback=False, resolve=lambda _host, _port: [address])
    try:
        with pytest.raises(FeedError, match=r"no issuer is asked there|no probe asks there"):
            HttpIssuers(http, clock).verify(_signed(), FAR)
    finally:
        http.close()


def test_a_redirect_to_a_metadata_address_is_not_followed(http: HttpxHttp, clock: FakeClock) -> None:
    with listening() as listener:
        listener.respond = lambda _: (302, b"")
        with pytest.raises(FeedError, match="answered 302"):
            HttpIssuers(http, clock, loopback=True).verify(_signed(listener.url), listener.url)
        assert [one.path for one in listener.got] == ["/.well-known/openid-configuration"]


def test_keys_that_never_end_are_cut(http: HttpxHttp, clock: FakeClock) -> None:
    with listening() as listener:

        def respond(got: Got) -> tuple[int, bytes]:
            about = {"issuer": listener.url, "jwks_uri": f"{listener.url}/keys"}
            return 200, b'{"keys": [' + b" " * (1 << 20) if got.path == "/keys" else json.dumps(about).encode()

        listener.respond = respond
        with pytest.raises(FeedError, match="more than 256 KiB"):
            HttpIssuers(http, clock, loopback=True).verify(_signed(listener.url), listener.url)


OWN = rsa.generate_private_key(65537, 2048)
PUBLIC = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OWN.public_key())) | {"kid": "one"}


def _signed(issuer: str = FAR, key: rsa.RSAPrivateKey = OWN, kid: str = "one") -> str:
    return jwt.encode({"iss": issuer}, key, "RS256", headers={"kid": kid})


def far(keys: object, **about: object) -> FakeHttp:
    """Return what answers as an issuer would, elsewhere."""
    http = FakeHttp()
    http.answer("GET", ABOUT, Reply(body=json.dumps({"issuer": FAR, "jwks_uri": KEYS} | about).encode()))
    http.answer("GET", KEYS, Reply(body=json.dumps({"keys": keys}).encode()))
    return http


def test_an_issuer_elsewhere_is_asked_the_same_way(clock: FakeClock) -> None:
    assert HttpIssuers(far([PUBLIC]), clock).verify(_signed(), FAR) == {"iss": FAR}


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"issuer": "https://other.example"}, "another issuer"),
        ({"issuer": f"{FAR}/"}, "another issuer"),
        ({"jwks_uri": "https://evil.example/keys"}, "another address"),
        ({"jwks_uri": "http://issuer.example/keys"}, "another address"),
        ({"jwks_uri": "https://issuer.example:8443/keys"}, "another address"),
        ({"jwks_uri": "https://issuer.example@evil.example/keys"}, "another address"),
        ({"jwks_uri": "http://169.254.169.254/latest"}, "another address"),
        ({"jwks_uri": 7}, "another address"),
    ],
)
def test_an_issuer_that_points_elsewhere_is_not_followed(
    clock: FakeClock, about: dict[str, object], words: str
) -> None:
    http = far([PUBLIC], **about)
    with pytest.raises(FeedError, match=words):
        HttpIssuers(http, clock).verify(_signed(), FAR)
    assert [url for _, url in http.requests] == [ABOUT]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500),
        Reply(body=b"<html>"),
        Reply(body=b"[" * 100_000),
        Reply(body=b"[]"),
        Reply(body=b"\xff"),
        Reply(broken="refused"),
        Reply(body=b"{", cut=True),
    ],
)
def test_nonsense_is_no_key(clock: FakeClock, reply: Reply) -> None:
    http = far([PUBLIC])
    http.answer("GET", KEYS, reply)
    with pytest.raises(FeedError):
        HttpIssuers(http, clock).verify(_signed(), FAR)


def test_keys_that_prove_nothing_are_refused(clock: FakeClock) -> None:
    short = rsa.generate_private_key(65537, 1024)
    weak = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(short.public_key())) | {"kid": "one"}
    private = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OWN)) | {"kid": "one"}
    for key in (weak, private, PUBLIC | {"alg": "RS512"}, PUBLIC | {"kty": "oct", "k": "c2VjcmV0"}, {"kid": "one"}):
        with pytest.raises(UnauthenticatedError):
            HttpIssuers(far([key]), clock).verify(_signed(), FAR)
    with pytest.raises(UnauthenticatedError, match="publishes no key"):
        HttpIssuers(far([PUBLIC | {"use": "enc"}]), clock).verify(_signed(), FAR)
    with pytest.raises(FeedError, match="too many"):
        HttpIssuers(far([PUBLIC] * 65), clock).verify(_signed(), FAR)


def test_strange_keys_cannot_hammer_an_issuer(clock: FakeClock) -> None:
    http = far([PUBLIC])
    issuers = HttpIssuers(http, clock)
    for number in range(50):
        with pytest.raises(UnauthenticatedError):
            issuers.verify(_signed(kid=f"strange-{number}"), FAR)
    assert len(http.requests) == 2
    assert issuers.verify(_signed(), FAR)["iss"] == FAR
    clock.tick(REST.total_seconds())
    with pytest.raises(UnauthenticatedError):
        issuers.verify(_signed(kid="strange"), FAR)
    assert len(http.requests) == 4


def test_a_key_that_was_taken_back_counts_for_ten_minutes_more(clock: FakeClock) -> None:
    http = far([PUBLIC])
    issuers = HttpIssuers(http, clock)
    issuers.verify(_signed(), FAR)
    http.answer("GET", KEYS, Reply(body=b'{"keys": []}'))
    clock.tick(FRESH.total_seconds() - 1)
    issuers.verify(_signed(), FAR)
    clock.tick(1)
    with pytest.raises(UnauthenticatedError, match="publishes no key"):
        issuers.verify(_signed(), FAR)


def test_an_issuer_that_is_away_is_believed_for_an_hour(clock: FakeClock) -> None:
    http = far([PUBLIC])
    issuers = HttpIssuers(http, clock)
    issuers.verify(_signed(), FAR)
    http.answer("GET", ABOUT, Reply(broken="refused"))
    clock.tick(STALE.total_seconds() - 1)
    issuers.verify(_signed(), FAR)
    clock.tick(1)
    with pytest.raises(FeedError, match="refused"):
        issuers.verify(_signed(), FAR)


@pytest.mark.parametrize(
    "address",
    [
        "http://issuer.example",
        "ftp://issuer.example",
        "https://",
        "https://user@issuer.example",
        "https://issuer.example?x",
        "https://issuer.example#x",
        "https://*.example",
        "https://issuer.example:port",
        "https://localhost",
        "https://127.0.0.1",
        "https://[::1]",
        "https://é.example",
        "issuer.example",
    ],
)
def test_an_address_that_is_none_is_never_asked(clock: FakeClock, address: str) -> None:
    http = FakeHttp()
    issuers = HttpIssuers(http, clock)
    assert issuers.refusal(address) is not None
    with pytest.raises(UnauthenticatedError):
        issuers.verify(_signed(address), address)
    assert http.requests == []


def test_addresses_of_known_systems_are_taken(clock: FakeClock) -> None:
    issuers = HttpIssuers(FakeHttp(), clock)
    for address in ("https://token.actions.githubusercontent.com", "https://gitlab.example:8443/gitlab"):
        assert issuers.refusal(address) is None
    assert HttpIssuers(FakeHttp(), clock, loopback=True).refusal("http://127.0.0.1:99") is None
    assert HttpIssuers(FakeHttp(), clock, loopback=True).refusal("http://issuer.example") is not None
