"""Who asks a registry."""

import base64
import json
from pathlib import Path

import pytest

from holdfast.edges.providers.images.credentials import PASSWORD, USER, Login, find_login
from holdfast.errors import UsageError

AUTH = base64.b64encode(b"ada:lovelace:1").decode()


def config(home: Path, text: object) -> Path:
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(text if isinstance(text, str) else json.dumps(text))
    return home


def test_environment_comes_first(tmp_path: Path) -> None:
    config(tmp_path, {"auths": {"registry.example": {"auth": AUTH}}})
    found = find_login("registry.example", {USER: "grace", PASSWORD: "hopper"}, tmp_path)
    assert found.login == Login("grace", "hopper")
    assert "hopper" not in repr(found)


@pytest.mark.parametrize("key", ["registry.example", "https://registry.example", "https://registry.example/v1/"])
def test_login_of_docker_is_found_by_its_host_alone(key: str, tmp_path: Path) -> None:
    config(tmp_path, {"auths": {"other.example": {"auth": "eDp5"}, key: {"auth": AUTH}}})
    assert find_login("registry.example", {}, tmp_path).login == Login("ada", "lovelace:1")
    assert find_login("registry.example:5000", {}, tmp_path).login is None
    assert find_login("evil-registry.example", {}, tmp_path).login is None


def test_folder_of_docker_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"registry.example": {"auth": AUTH}}}))
    assert find_login("registry.example", {"DOCKER_CONFIG": str(tmp_path)}, tmp_path / "none").login is not None


@pytest.mark.parametrize("more", [{"credsStore": "desktop"}, {"credHelpers": {"registry.example": "gcloud"}}])
def test_helper_program_is_named_and_not_run(more: dict[str, object], tmp_path: Path) -> None:
    found = find_login("registry.example", {}, config(tmp_path, {"auths": {"registry.example": {}}, **more}))
    assert found.login is None
    assert "helper program, which is not run" in found.because


@pytest.mark.parametrize("text", [{}, [], {"auths": []}, {"auths": {"registry.example": "x"}}])
def test_configuration_without_a_login_is_none(text: object, tmp_path: Path) -> None:
    assert find_login("registry.example", {}, config(tmp_path, text)).login is None


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({USER: "ada"}, {}),
        ({PASSWORD: "x"}, {}),
        ({USER: "a:b", PASSWORD: "x"}, {}),
        ({}, "{"),
        ({}, {"auths": {"registry.example": {"auth": "%%%="}}}),
    ],
)
def test_half_a_login_and_a_broken_one_are_refused(environment: dict[str, str], text: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find_login("registry.example", environment, config(tmp_path, text))
