"""Entries of an operator's file, and the tools that adapters get, for tests."""

import json
from collections.abc import Mapping
from pathlib import Path

from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.secret_references import read_reference
from holdfast.edges.providers.target_spec import Tools
from holdfast.model.target import Target
from holdfast.ports.http import Http
from holdfast.testing.clocks import FakeClock

SECRETS = {"SECRET": "s3cr3t", "URL": "http://127.0.0.1:1/hook", "TOKEN": "Bearer t0k3n"}


def entry(
    section: str,
    kind: str,
    name: str = "it",
    given: Mapping[str, object] | None = None,
    *,
    environment: str | None = None,
    service: str | None = None,
    org: str | None = None,
    **options: object,
) -> Target:
    """Return an entry as the operator's file gives it."""
    pairs = tuple(sorted((key, json.dumps(value)) for key, value in (dict(given or {}) | options).items()))
    return Target(section, name, kind, environment, service, pairs, "t.yaml:1:1", org)


def tools(http: Http | None = None, secrets: Mapping[str, str] = SECRETS) -> Tools:
    """Return tools over a real HTTP, or another one."""
    return Tools(
        http=http if http is not None else HttpxHttp(),
        clock=FakeClock(),
        data=Path("/nonexistent"),
        resolve_secret=lambda reference: read_reference(reference, secrets),
    )
