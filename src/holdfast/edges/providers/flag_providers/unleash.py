"""Unleash, over its REST APIs: the admin API to change a flag, the client API to see what applications are given.

Rules:
1. Nothing of Unleash is imported or shipped: it is AGPL, and spoken to over HTTP alone.
2. The admin API is not what applications see. With a `client_token` what an SDK is given decides whether a forced
   variant is `served`; it follows within the second in which Unleash looks for changes.
3. Every change is one request, and whatever is left by a crash between two of them is finished by the next try.

Source: Unleash's OpenAPI document, version 8 (`/docs/openapi.json` of a running server).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.flag_providers._unleash_flag import (
    OFF,
    UnleashFlag,
    parse_definition,
    parse_flag,
    served_to_everybody,
    strategy_for,
)
from holdfast.edges.providers.target_spec import Option, TargetSpec, Tools, environment_name, required_text, text_option
from holdfast.errors import ActionError
from holdfast.model.flag import FlagReading
from holdfast.model.target import Target


class Unleash:
    """The flags of one environment of one project."""

    own = False

    def __init__(self, name: str, environment: str, project: str, admin: Rest, client: Rest | None) -> None:
        self.name = name
        self._environment = environment
        self._project = project
        self._admin = admin
        self._client = client

    def find_problem(self) -> str | None:
        """Say why it can't be used now: down, credentials refused, no such environment."""
        try:
            found = self._admin.ask("GET", f"/api/admin/environments/{quote(self._environment, '')}", allow=(404,))
            if found.status == 404:
                return f"Unleash has no environment `{self._environment}`"
            document = found.json("Unleash")
            if not isinstance(document, dict) or document.get("name") != self._environment:
                return "what answers there is not Unleash"
            if not document.get("enabled", True):
                return f"Unleash's environment `{self._environment}` is not in use"
            if self._client is not None:
                self._seen(self._client, "holdfast-asks")
        except ActionError as error:
            return error.message
        return None

    def read(self, flag: str) -> FlagReading | None:
        """Return what it serves; `None` when there is no such flag. Raises: ActionError."""
        found = self._find(flag)
        if found is None:
            return None
        served = served_to_everybody(
            enabled=found.enabled,
            strategies=[one for one in found.strategies if not one.get("disabled")],
            variants=found.variants,
            dependencies=found.dependencies,
        )
        by_rules, held = served is None, found.held()
        forced = held is not None and served is not None
        if forced and self._client is not None and served != self._seen(self._client, flag):
            served = None  # applications are given something else still
        return FlagReading(flag, found.names(), served, found.definition(), held=held, by_rules=by_rules)

    def force(self, flag: str, variant: str) -> None:
        """Let it serve one variant to everybody. Raises: ActionError."""
        found = self._get(flag)
        if variant not in found.names():
            raise ActionError(f"Unleash: `{flag}` has no variant `{variant[:80]}`")
        if variant == OFF and OFF not in found.declared():
            self._switch(found, enabled=False)
            self._remove(found)
        else:
            self._serve(found, variant)

    def restore(self, flag: str, definition: str) -> None:
        """Bring back whether it was enabled, and take away what we put there. Raises: ActionError.

        The team's strategies were never touched. A flag that somebody switched on meanwhile, though it had been off and
        nothing of ours is in it, stays as they left it.
        """
        before, found = parse_definition(definition), self._get(flag)
        if before.forced is not None:
            self._serve(found, before.forced)
            self._switch(self._get(flag), enabled=before.enabled)
            return
        if not before.enabled and found.ours:
            self._switch(found, enabled=False)
        self._remove(found)
        if before.enabled:
            self._switch(self._get(flag), enabled=True)

    def close(self) -> None:
        """Release connections."""
        self._admin.close()
        if self._client is not None:
            self._client.close()

    def _serve(self, found: UnleashFlag, variant: str) -> None:
        """Put our strategy before all others; only then take earlier ones of ours away, and switch on."""
        if found.dependencies:
            raise ActionError(f"Unleash: `{found.name}` depends on another flag, so that only `off` can be forced")
        in_force = found.ours and _holds(found, variant)
        if not in_force:
            self._admin.ask("POST", f"{self._path(found.name)}/strategies", strategy_for(found, variant))
        self._remove(found, keep=1 if in_force else 0)
        self._switch(found, enabled=True)

    def _remove(self, found: UnleashFlag, keep: int = 0) -> None:
        for one in found.ours[keep:]:
            self._admin.ask("DELETE", f"{self._path(found.name)}/strategies/{quote(one['id'], '')}", allow=(404,))

    def _switch(self, found: UnleashFlag, *, enabled: bool) -> None:
        if found.enabled is not enabled:
            self._admin.ask("POST", f"{self._path(found.name)}/{'on' if enabled else 'off'}")

    def _path(self, flag: str) -> str:
        return f"{self._feature(flag)}/environments/{quote(self._environment, '')}"

    def _feature(self, flag: str) -> str:
        return f"/api/admin/projects/{quote(self._project, '')}/features/{quote(flag, '')}"

    def _find(self, flag: str) -> UnleashFlag | None:
        answer = self._admin.ask("GET", f"{self._feature(flag)}?variantEnvironments=true", allow=(404,))
        if answer.status == 404:
            return None
        document = answer.json("Unleash")
        if not isinstance(document, dict) or "name" not in document:
            raise ActionError("Unleash answered something that is no flag")
        return parse_flag(document, self._environment)

    def _get(self, flag: str) -> UnleashFlag:
        found = self._find(flag)
        if found is None:
            raise ActionError(f"Unleash has no flag `{flag[:80]}` in `{self._environment}`")
        return found

    def _seen(self, client: Rest, flag: str) -> str | None:
        """Return what an SDK with the client token is given of a flag; `None` when not one variant for everybody."""
        document = client.ask("GET", f"/api/client/features?namePrefix={quote(flag, '')}").json("Unleash")
        if not isinstance(document, dict) or not isinstance(document.get("features"), list):
            raise ActionError("Unleash's client API answered something else than flags")
        told = (document.get("query") or {}).get("environment", self._environment)
        if told != self._environment:
            raise ActionError(f"the client token is for Unleash's environment `{told}`, not `{self._environment}`")
        for one in document["features"]:
            if one.get("name") == flag:
                return _seen_of(one)
        return None


def _seen_of(feature: Mapping[str, Any]) -> str | None:
    return served_to_everybody(
        enabled=bool(feature.get("enabled")),
        strategies=feature.get("strategies") or (),
        variants=feature.get("variants") or (),
        dependencies=feature.get("dependencies") or (),
    )


def _holds(found: UnleashFlag, variant: str) -> bool:
    """Whether the strategy of ours that is tried first serves that variant, were the environment switched on."""
    active = [one for one in found.strategies if not one.get("disabled")]
    one = found.ours[0]
    seen = served_to_everybody(enabled=True, strategies=[one], variants=(), dependencies=())
    return bool(active) and active[0] is one and seen == variant


def _open(target: Target, tools: Tools) -> Unleash:
    def headers(option: str) -> Mapping[str, str]:
        return {"authorization": tools.required_secret(target, option), "unleash-appname": "holdfast"}

    environment = environment_name(target, "unleash_environment")
    url = required_text(target, "url")
    client = None
    if text_option(target, "client_token") is not None:
        client = Rest("Unleash's client API", url, lambda: headers("client_token"))
    admin = Rest("Unleash", url, lambda: headers("admin_token"))
    return Unleash(target.name, environment, text_option(target, "project", "default") or "default", admin, client)


SPEC = TargetSpec(
    id="unleash",
    section="flags",
    about="An Unleash server, version 5.4 or later.",
    options=(
        Option("url", True, False, "Where it is, without `/api`.", kind="url"),
        Option("admin_token", True, True, "A token that may change flags: a service account's, or an admin token."),
        Option("client_token", False, True, "A backend token, to see what SDKs are given. Without it, nothing is."),
        Option("project", False, False, "The project of the flags; `default` by default."),
        Option("unleash_environment", False, False, "Unleash's name of the environment; the same as ours by default."),
    ),
    open=_open,
)
