"""Data folders to type commands at: an empty one, and one with a service that is exposed."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.edges.cli.shell import Shell

MANIFEST = """version: 1
services:
  - name: shop
    team: retail
    tier: 1
    exposure: internet
    paths: ["."]
    features:
      - {name: receipts, flag: shop.receipts, safe: "off", covers: ["pkg:pypi/acme-pdf"]}
    plans:
      - id: receipts-off
        when: component.name == "acme-pdf"
        do: [{action: flag.off, flag: shop.receipts}]
        coverage: full
        verify:
          - http: {url: "http://127.0.0.1:9/", expect: {status: 200}, interval: 100ms, deadline: 1s}
        autonomy: {default: approve-1}
"""
FLAGS = {
    "flags": {
        "shop.receipts": {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"},
        "shop.staff": {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {"if": [{"$ref": "isStaff"}, "on", "off"]},
        },
    },
    "$evaluators": {"isStaff": {"ends_with": [{"var": "email"}, "@shop.example"]}},
}
RECORD: dict[str, Any] = {
    "id": "ACME-2026-1",
    "modified": "2026-01-01T11:00:00Z",
    "published": "2026-01-01T10:00:00Z",
    "aliases": ["CVE-2026-1"],
    "summary": "acme-pdf opens <b>the</b> door | \x1b[31mred",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "acme-pdf"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5.0"}]}],
        }
    ],
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the variables of whoever runs it, and none asks the network."""
    for name in ("SERVER", "TOKEN", "FEED", "DATABASE", "FEED_MAX_AGE"):
        monkeypatch.delenv(f"HOLDFAST_{name}", raising=False)
    for name in ("KEV", "EPSS", "SSVC"):
        monkeypatch.setenv(f"HOLDFAST_{name}", "none")
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


def _fill(shell: Shell) -> None:
    shell("environment", "set", "production", "--exposure", "internet", "--tier", "1")
    shell("flags", "import", shell.write("flags.json", FLAGS), "--environment", "production")
    shell.write("shop/holdfast.yaml", MANIFEST)
    shell.write("shop/requirements.txt", "acme-pdf==1.4.0\njinja2==3.1.2\n")
    shell("release", shell.files / "shop", "--version", "1.0", "--commit", "c0ffee")
    shell("deploy", "shop", "--environment", "production", "--version", "1.0")
    shell("feed", "push", shell.write("advisory.json", RECORD))


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, made once: `shop` 1.0 runs in production, and an advisory touches it."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "data").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOLDFAST_DATA", str(folder / "data"))
        shell = Shell.at(folder)
        _fill(shell)
        shell.end()
    return folder


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """An empty data folder."""
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "files").mkdir()
    monkeypatch.setenv("HOLDFAST_DATA", str(tmp_path / "data"))
    made = Shell.at(tmp_path)
    yield made
    made.end()


@pytest.fixture
def exposed(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A copy of the filled data folder."""
    folder = tmp_path / "exposed"
    shutil.copytree(filled, folder)
    monkeypatch.setenv("HOLDFAST_DATA", str(folder / "data"))
    made = Shell.at(folder)
    yield made
    made.end()


@pytest.fixture
def exposure(exposed: Shell) -> str:
    """The id of the one exposure."""
    items = exposed.json("findings")["items"]
    assert len(items) == 1
    return str(items[0]["id"])
