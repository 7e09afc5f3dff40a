"""`holdfast gate --server`: a server judges the build, by the org's policies and what runs.

Rules:

1. The server judges and records; what is printed is its decision. What the repository says of itself is sent as the
   base has it, and can only tighten.
2. Whether the server is there is known within `AWAY_S` seconds, with logging in (a runner that gives an identity has
   `IDENTITY_S` for itself). Where it is not, `--on-unavailable` decides: `fail`; `pass`, told loudly; or `cached`, by
   its policies as they were last seen and this machine's advisories.
3. What was decided without the server is kept in the data folder and told to it with the next build.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.ci_login import LOGIN_S, NoAnswerError, find_token
from holdfast.edges.cli.composition import composition_to_json
from holdfast.edges.cli.gate_base import Base, GateTools, Trusted
from holdfast.edges.cli.output import say
from holdfast.edges.cli.words import instant_text
from holdfast.errors import HoldfastError
from holdfast.gate.decide import Decision
from holdfast.gate.levels import DEFAULT, Levels
from holdfast.gate.policy_read import read_policy
from holdfast.loop.gate_reported import NOTHING, Reported
from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.ports.api import Api

REACH_S, AWAY_S = 3.0, 5.0
JUDGE_S = 60.0
CACHE, LEFT_BEHIND = "gate-policies.json", "gate-without-server.jsonl"
_MOST_NOTES = 20
_CI = ("GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "BITBUCKET_BUILD_NUMBER")


class AwayError(HoldfastError):
    """The server did not answer."""


@frozen
class Asked:
    """What is sent: the build, and what it is compared with."""

    server: str
    service: str
    sbom: Sbom
    before: Sbom | None
    base: Base | None
    trusted: Trusted
    environment: str
    data: Path
    accept: bool = False
    """Whether what is here is to be kept as what the service inherits, before it is judged."""
    artifact: str | None = None
    look: Callable[[], tuple[Reported, tuple[str, ...]]] = lambda: (NOTHING, ())
    """Returns what other tools say, and what is to be told of it: called once the server is known to be there."""
    folder: str = ""
    """Where the files lie that are told from there; the answer is told from the top again."""


@frozen
class Login:
    """A token, and how many seconds the server has to answer with it: what it took to log in counts."""

    token: str = field(repr=False)
    reach_s: float = REACH_S


def log_in(tools: GateTools, server: str) -> Login:
    """Return a login at a server, with which all services of a tree are asked: an identity is taken once.

    Raises:
        AwayError: it did not answer.
        ForkError: the change comes from a fork, which logs in nowhere.
        HoldfastError: it refused.
    """
    begun = time.monotonic()
    try:
        token = find_token(tools.http, server, os.environ)
    except NoAnswerError as error:
        raise AwayError(error.message, hint=error.hint) from None
    return Login(token, time_left(time.monotonic() - begun))


def time_left(took_s: float) -> float:
    """Return how long the server may still take to be seen; of what logging in took, its own share is `LOGIN_S`."""
    return min(REACH_S, AWAY_S - min(took_s, LOGIN_S))


def ask_server(tools: GateTools, path: Path, asked: Asked, login: Login) -> tuple[Decision, dict[str, Any]]:
    """Let the server judge; returns its decision and the document of it.

    Raises:
        AwayError: it did not answer.
        HoldfastError: it refused.
    """
    _remember(tools, asked, login)
    api = tools.api(asked.server, login.token, JUDGE_S)
    try:
        if asked.accept:
            _accept(api, asked)
        answer = _call(api, "POST", "/builds", body=_body(tools, path, asked))
    finally:
        api.close()
    (asked.data / LEFT_BEHIND).unlink(missing_ok=True)
    if asked.folder:
        answer = _told_from_top(answer, asked)
    return msgspec.convert(answer["decision"], Decision), answer["document"]


def _told_from_top(answer: dict[str, Any], asked: Asked) -> dict[str, Any]:
    from holdfast.loop.gate_services import told_from_top

    reported = asked.look()[0]
    places = [place.file for one, _ in reported.findings for place in one.locations]
    places += [gap.place.partition(":")[0] for gap, _ in reported.gaps]
    return {name: told_from_top(answer[name], asked.folder, frozenset(places)) for name in ("decision", "document")}


def _accept(api: Api, asked: Asked) -> None:
    """Let the server keep what is here as what the service inherits; one that was accepted before stays."""
    body = {"sbom": composition_to_json(asked.sbom)}
    answer = _call(api, "PUT", address("services", asked.service, "inherited"), body=body)
    if answer["accepted"]:
        say(f"accepted as inherited: {len(answer['findings'])} findings, {len(answer['gaps'])} gaps")
    else:
        hint = "`holdfast adopt --replace` accepts anew"
        say(f"nothing new was accepted: what was accepted at {instant_text(answer['accepted_at'])} stays ({hint})")


def _call(api: Api, method: str, path: str, **more: Any) -> Any:
    try:
        return api.call(method, path, **more)
    except HoldfastError as error:
        if type(error) is HoldfastError:  # no answer, or one of a server that is broken
            raise AwayError(error.message, hint=error.hint) from None
        raise


def _remember(tools: GateTools, asked: Asked, login: Login) -> None:
    """See within seconds whether the server is there, and keep the policies that it has."""
    api = tools.api(asked.server, login.token, login.reach_s)
    try:
        answer = _call(api, "GET", "/policies", query={"service": asked.service} if asked.service else None)
    finally:
        api.close()
    kept = _read_cache(asked.data)
    kept[_key(asked)] = {"at": format_instant(tools.now()), "policies": answer["items"]}
    asked.data.mkdir(parents=True, exist_ok=True)
    _write(asked.data / CACHE, json.dumps(kept, indent=1, sort_keys=True) + "\n")


def _key(asked: Asked) -> str:
    return f"{asked.server.rstrip('/')} {asked.service}"


def _read_cache(data: Path) -> dict[str, Any]:
    try:
        kept = json.loads((data / CACHE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _body(tools: GateTools, path: Path, asked: Asked) -> Mapping[str, Any]:
    policy = asked.trusted.policy
    reported, beside = asked.look()
    body: dict[str, Any] = {
        "service": asked.service,
        "sbom": composition_to_json(asked.sbom),
        "environment": asked.environment,
        "commit": tools.commit_of(path),
        "artifact": asked.artifact,
        "target": asked.base.name if asked.base else "",
        "ci": next((name.partition("_")[0].lower() for name in _CI if os.environ.get(name)), ""),
        "waivers": asked.trusted.waivers.decode("utf-8", "replace"),
        "policy": policy[0].decode("utf-8", "replace") if policy else "",
        "notes": [*asked.trusted.notes, *beside, *_left_behind(asked.data)][:_MOST_NOTES],
    }
    if reported.findings or reported.gaps:
        body["reported"] = msgspec.to_builtins(reported)
    if asked.before is not None:
        body["base"] = composition_to_json(asked.before)
    return body


@frozen
class _SeenPolicy:
    """A policy of one level."""

    level: str
    document: str


@frozen
class _Seen:
    """A server's policies for a service as they were at an instant, from the highest level to the lowest."""

    at: str
    policies: tuple[_SeenPolicy, ...]


def cached_levels(asked: Asked) -> tuple[Levels, str] | None:
    """Return the policies as they were last seen, with the repository's below them, and when that was.

    `None` where they were never seen here, or what was kept of them can't be read.
    """
    try:
        kept = msgspec.convert(_read_cache(asked.data).get(_key(asked)), _Seen)
    except msgspec.ValidationError:
        return None
    found = [read_policy(one.document.encode(), file=one.level, name=one.level) for one in kept.policies]
    own = asked.trusted.policy
    return Levels([*(found or [DEFAULT]), *([read_policy(own[0], file=own[1])] if own else [])]), kept.at


def leave_behind(asked: Asked, said: str, verdict: str, now: datetime) -> None:
    """Keep what was decided without the server, for the next time that it answers."""
    line = {"at": format_instant(now), "service": asked.service, "decided": said, "verdict": verdict}
    asked.data.mkdir(parents=True, exist_ok=True)
    with (asked.data / LEFT_BEHIND).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, sort_keys=True) + "\n")


def _left_behind(data: Path) -> list[str]:
    try:
        lines = (data / LEFT_BEHIND).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [f"decided while this server was away: {_in_words(line[:400])}" for line in lines[-_MOST_NOTES:]]


def _in_words(line: str) -> str:
    """Return what was decided, by what; the line as it is where that can't be read."""
    try:
        kept = json.loads(line)
        return f"{kept['service']} at {kept['at']}: {kept['verdict']} (`--on-unavailable {kept['decided']}`)"
    except (ValueError, KeyError, TypeError):
        return line
