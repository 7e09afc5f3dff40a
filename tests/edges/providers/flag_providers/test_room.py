"""The operator's file opens every flag system."""

from pathlib import Path

import pytest

from holdfast.edges.providers.operator_file import load_targets
from holdfast.edges.providers.system import SystemClock
from holdfast.edges.providers.target_spec import Tools
from holdfast.edges.providers.targets import ConfiguredTargets, OpenTargets
from holdfast.errors import ActionError, FactError, PlanError
from holdfast.registry import load_room
from holdfast.testing.http import FakeHttp

FILE = """version: 1
flags:
  - {name: a, kind: unleash, environment: a, url: "https://unleash.example", admin_token: "env:ADMIN",
     client_token: "env:CLIENT", project: shop, unleash_environment: production}
  - {name: b, kind: flagd_file, environment: b, path: /nowhere/flags.json, ofrep: "http://127.0.0.1:1"}
  - {name: c, kind: flagd_http, environment: c, url: "https://flags.example/shop.json", token: "env:ADMIN"}
  - {name: d, kind: launchdarkly, environment: d, token: "env:ADMIN", project: shop, environment_key: production}
  - {name: e, kind: cloudbees, environment: e, token: "env:ADMIN", application: app-1, environment_id: env-2}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "targets.yaml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def open_targets(folder: Path, secrets: dict[str, str]) -> ConfiguredTargets:
    def read(reference: str) -> str:
        name = reference.removeprefix("env:")
        if name not in secrets:
            raise PlanError(f"the environment variable `{name}` is not set")
        return secrets[name]

    entries = load_targets(write(folder, FILE), {"ADMIN": "x", "CLIENT": "y"})
    tools = Tools(http=FakeHttp(), clock=SystemClock(), data=folder, resolve_secret=read)
    return ConfiguredTargets(OpenTargets(entries, tools), "default")


def test_every_kind_of_the_room_is_opened_by_the_operators_file(tmp_path: Path) -> None:
    targets = open_targets(tmp_path, {"ADMIN": "x", "CLIENT": "y"})
    kinds = {spec.id for spec in load_room("edges.providers.flag_providers")}
    for name in "abcde":
        provider = targets.flags("default", name)
        assert provider is not None
        assert (provider.name, provider.own) == (name, False)
    assert len(kinds) == len("abcde")


@pytest.mark.parametrize("name", ["a", "c", "d", "e"])
def test_secret_that_is_gone_is_a_problem_and_not_a_surprise(tmp_path: Path, name: str) -> None:
    provider = open_targets(tmp_path, {}).flags("default", name)
    assert provider is not None
    assert "`ADMIN` is not set" in (provider.find_problem() or "")
    with pytest.raises(ActionError, match="`ADMIN` is not set"):
        provider.read("tax")


def test_token_written_into_the_file_is_refused(tmp_path: Path) -> None:
    text = FILE.replace('token: "env:ADMIN", project', 'token: "api-0f1e2d", project')
    with pytest.raises(FactError) as caught:
        load_targets(write(tmp_path, text), {"ADMIN": "x", "CLIENT": "y"})
    assert "api-0f1e2d" not in str(caught.value)


@pytest.mark.parametrize("name", ["a", "c", "d", "e"])
def test_secret_that_no_header_can_hold_is_not_in_the_problem(tmp_path: Path, name: str) -> None:
    provider = open_targets(tmp_path, {"ADMIN": "s3cr3t\n", "CLIENT": "s3cr3t "}).flags("default", name)
    assert provider is not None
    problem = provider.find_problem() or ""
    assert "can't be sent" in problem
    assert "s3cr3t" not in problem
