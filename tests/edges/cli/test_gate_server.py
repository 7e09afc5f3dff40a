"""What a gate keeps of a server, for when that is away."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from holdfast.edges.cli.ci_login import LOGIN_S
from holdfast.edges.cli.gate_base import GateTools, Trusted
from holdfast.edges.cli.gate_server import AWAY_S, CACHE, REACH_S, Asked, Login, ask_server, cached_levels, time_left
from holdfast.loop.gate import read_stated
from holdfast.model.component import Sbom
from holdfast.testing.trees import MemoryTree

SERVER = "https://holdfast.example"


def asked(data: Path, kept: object) -> Asked:
    (data / CACHE).write_text(json.dumps({f"{SERVER} shop": kept}))
    return Asked(
        server=SERVER,
        service="shop",
        sbom=Sbom(()),
        before=None,
        base=None,
        trusted=Trusted(None, b"", read_stated(MemoryTree({}))),
        environment="",
        data=data,
    )


def test_policies_as_they_were_seen_are_the_levels(tmp_path: Path) -> None:
    policies = [{"level": "org", "document": "min_score: {default: 91}\n", "version": 3}]
    found = cached_levels(asked(tmp_path, {"at": "then", "policies": policies}))
    assert found is not None
    assert (found[0].bar(None), found[1]) == (91, "then")


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        {"at": "then"},
        {"at": "then", "policies": 7},
        {"at": "then", "policies": [{"level": "org", "document": 1}]},
        {"at": 1, "policies": []},
    ],
)
def test_what_was_kept_and_can_not_be_read_was_never_seen(tmp_path: Path, kept: Any) -> None:
    assert cached_levels(asked(tmp_path, kept)) is None


def test_what_logging_in_took_is_missing_afterwards() -> None:
    assert time_left(0.0) == REACH_S
    assert LOGIN_S + time_left(LOGIN_S) == AWAY_S
    assert time_left(60.0) == AWAY_S - LOGIN_S  # the pipeline's own system was slow with the identity


def test_a_server_has_the_time_that_logging_in_left_it(tmp_path: Path) -> None:
    class Reached(Exception):
        """What the server is asked with."""

    class Tools:
        """What opens a way to a server, and goes no further."""

        def api(self, server: str, token: str, within_s: float) -> None:
            raise Reached(server, token, within_s)

    with pytest.raises(Reached) as raised:
        ask_server(cast(GateTools, Tools()), tmp_path, asked(tmp_path, None), Login("hf_given", 2.5))
    assert raised.value.args == (SERVER, "hf_given", 2.5)


def test_a_login_shows_no_token() -> None:
    assert "hf_given" not in repr(Login("hf_given"))
