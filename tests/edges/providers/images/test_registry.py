"""Images of a real registry."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from holdfast.edges.providers.images import credentials
from holdfast.edges.providers.images.archive import OpenedImage
from holdfast.edges.providers.images.documents import Platform
from holdfast.edges.providers.images.registry import pull_image
from holdfast.edges.providers.images.tree import ImageTree
from holdfast.errors import UsageError
from tests.edges.providers.images.answering import Told, answering
from tests.edges.providers.images.making import layer
from tests.edges.providers.images.pushing import PASSWORD, USER, Registry, running_registry
from tests.edges.providers.images.signing import Signer

AMD64 = Platform("amd64", "linux")
LOGIN = {credentials.USER: USER, credentials.PASSWORD: PASSWORD}


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with running_registry() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def pull(text: str, home: Path, wanted: Platform = AMD64) -> OpenedImage:
    return pull_image(text, wanted, LOGIN, is_asked=False, home=home)


def tree_of(image: OpenedImage) -> ImageTree:
    return ImageTree(image.layers, lambda _: True, lambda _: True)


def test_image_is_pulled_by_tag_and_by_digest(registry: Registry, home: Path) -> None:
    base, top = layer({"a": "1", "b": "1"}), layer({"a": "2", ".wh.b": ""})
    pushed = registry.push_image("team/pay", "1.4.2", base, top)
    for version in (":1.4.2", f"@{pushed['digest']}"):
        tree = tree_of(pull(f"{registry.host}/team/pay{version}", home))
        assert [(path, tree.read(path, 9)) for path in tree.walk()] == [("a", b"2")]


def test_image_of_several_platforms_is_chosen_among(registry: Registry, home: Path) -> None:
    index = registry.push_both("team/both", "latest")
    for arch in ("amd64", "arm64"):
        for version in ("", f"@{index['digest']}"):
            found = pull(f"{registry.host}/team/both{version}", home, Platform(arch, "linux"))
            assert found.others == ("linux/amd64", "linux/arm64")
            assert tree_of(found).read("arch", 9) == arch.encode()
    with pytest.raises(UsageError, match="no image for linux/s390x"):
        pull(f"{registry.host}/team/both", home, Platform("s390x", "linux"))


def test_login_of_docker_is_used(registry: Registry, home: Path) -> None:
    registry.push_image("team/pay", "docker", layer({"a": "1"}))
    login = credentials.Login(USER, PASSWORD).basic.removeprefix("Basic ")
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(f'{{"auths": {{"{registry.host}": {{"auth": "{login}"}}}}}}')
    found = pull_image(f"{registry.host}/team/pay:docker", AMD64, {}, is_asked=False, home=home)
    assert tree_of(found).read("a", 9) == b"1"


@pytest.mark.parametrize("login", [{}, {credentials.USER: USER, credentials.PASSWORD: "wrong"}])
def test_wrong_login_and_none_are_refused_without_naming_it(
    login: dict[str, str], registry: Registry, home: Path
) -> None:
    with pytest.raises(UsageError, match="pull it: status 401") as caught:
        pull_image(f"{registry.host}/team/pay:1", AMD64, login, is_asked=False, home=home)
    assert "wrong" not in str(caught.value)
    assert credentials.USER in str(caught.value)


def test_image_that_is_not_there_is_said(registry: Registry, home: Path) -> None:
    registry.push_image("team/pay", "1", layer({"a": "1"}))
    for name in ("team/pay:2", "team/nothing:1", f"team/pay@sha256:{'0' * 64}"):
        with pytest.raises(UsageError, match="the registry has no manifests/"):
            pull(f"{registry.host}/{name}", home)


def test_token_of_a_token_server_is_what_a_real_registry_wants(home: Path, tmp_path: Path) -> None:
    signer = Signer()
    (tmp_path / "tokens.pem").write_bytes(signer.pem)
    with answering() as tokens:
        realm = f"http://{tokens.host}/token"
        tokens.respond = lambda _path, _authorization: Told(200, signer.answer("team/pay", ["pull"]))
        with running_registry("token", realm, str(tmp_path / "tokens.pem")) as registry:
            pushing = json.loads(signer.answer("team/pay", ["pull", "push"]))["token"]
            registry.client.auth = lambda request: with_token(request, pushing)
            registry.push_image("team/pay", "1", layer({"a": "1"}))
            assert tree_of(pull(f"{registry.host}/team/pay:1", home)).read("a", 9) == b"1"
            tokens.respond = lambda _path, _authorization: Told(200, signer.answer("team/other", ["pull"]))
            with pytest.raises(UsageError, match="this login may not pull it: status 401"):
                pull(f"{registry.host}/team/pay:1", home)
    assert tokens.asked[0] == (
        "/token?service=registry&scope=repository%3Ateam%2Fpay%3Apull",
        credentials.Login(USER, PASSWORD).basic,
    )


def with_token(request: httpx.Request, token: str) -> httpx.Request:
    request.headers["authorization"] = f"Bearer {token}"
    return request
