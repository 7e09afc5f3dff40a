"""What images of a registry are called."""

import pytest

from holdfast.edges.providers.images.reference import parse_reference
from holdfast.errors import UsageError

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("registry.example/pay", ("registry.example", "pay", "latest")),
        ("registry.example/team/pay:1.4.2", ("registry.example", "team/pay", "1.4.2")),
        ("registry.example:5000/pay:v1", ("registry.example:5000", "pay", "v1")),
        (f"registry.example/pay@{DIGEST}", ("registry.example", "pay", DIGEST)),
        (f"registry.example/pay:1@{DIGEST}", ("registry.example", "pay", DIGEST)),
        ("localhost/pay", ("localhost", "pay", "latest")),
        ("[::1]:5000/a__b/c-d.e:x", ("[::1]:5000", "a__b/c-d.e", "x")),
    ],
)
def test_reference_has_a_host_a_repository_and_a_version(text: str, parts: tuple[str, str, str]) -> None:
    found = parse_reference(text)
    assert (found.host, found.repository, found.version) == parts
    assert found.digest == (DIGEST if DIGEST in text else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alpine",
        "alpine:3.20",
        "library/alpine:3.20",
        "registry.example/",
        "registry.example/Pay",
        "registry.example/../pay",
        "registry.example//pay",
        "registry.example/pay:",
        "registry.example/pay:a b",
        "registry.example/pay@sha256:short",
        "registry.example/pay@md5:aa",
        "user:password@registry.example/pay",
        "https://registry.example/pay",
        "registry.example/pay?x=1",
        "registry.example/pay\n:1",
        "-registry.example/pay",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_reference(text)


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("registry.example/pay", "https"),
        ("localhost:5000/pay", "http"),
        ("127.0.0.1:5000/pay", "http"),
        ("[::1]:5000/pay", "http"),
        ("localhost.example/pay", "https"),
        ("10.0.0.1:5000/pay", "https"),
    ],
)
def test_only_this_machine_is_asked_without_tls(text: str, scheme: str) -> None:
    assert parse_reference(text).scheme == scheme
