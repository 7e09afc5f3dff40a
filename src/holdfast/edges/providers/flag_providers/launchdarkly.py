"""LaunchDarkly, over its REST API. Written to the published API; not tried against the live service.

Rules:
1. A variant is forced by making it the off variation and turning targeting off, in one semantic patch: both happen or
   none. Rules, targets and the rollout are never touched.
2. A variation is called by its name, or by its value where it has none; true and false are `on` and `off`.
3. The API says what LaunchDarkly will send to SDKs, not what they have: that is for a plan's own probe to see.

Source: LaunchDarkly's REST API, version 20240415: feature flags, updates using semantic patch.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from holdfast.edges.providers.flag_providers._rest import Rest, canonical
from holdfast.edges.providers.flag_providers._values import by_name, name_value
from holdfast.edges.providers.target_spec import Option, TargetSpec, Tools, environment_name, required_text, text_option
from holdfast.errors import ActionError
from holdfast.model.flag import FlagReading
from holdfast.model.frozen import frozen
from holdfast.model.target import Target

URL = "https://app.launchdarkly.com"
VERSION = "20240415"
_SEMANTIC = {"content-type": "application/json; domain-model=launchdarkly.semanticpatch"}
_RULES = ("rules", "targets", "contextTargets", "prerequisites")


@frozen
class _Before:
    """Whether targeting was on, and the id of the off variation; `None` without one."""

    on: bool
    off: str | None


@frozen
class _Flag:
    name: str
    ids: Mapping[str, str]
    order: Sequence[str]
    environment: Mapping[str, Any]

    @property
    def on(self) -> bool:
        return bool(self.environment.get("on"))

    def off_variation(self) -> str | None:
        return self._at(self.environment.get("offVariation"))

    def before(self) -> _Before:
        off = self.off_variation()
        return _Before(self.on, self.ids[off] if off is not None else None)

    def by_rules(self) -> bool:
        ruled = any(self.environment.get(name) for name in _RULES)
        return self.on and (ruled or self._at((self.environment.get("fallthrough") or {}).get("variation")) is None)

    def served(self) -> str | None:
        if not self.on:
            return self.off_variation()
        return None if self.by_rules() else self._at((self.environment.get("fallthrough") or {}).get("variation"))

    def _at(self, index: object) -> str | None:
        known = isinstance(index, int) and 0 <= index < len(self.order)
        return self.order[index] if known and isinstance(index, int) else None


class LaunchDarkly:
    """The flags of one environment of one project."""

    own = False

    def __init__(self, name: str, project: str, environment: str, rest: Rest) -> None:
        self.name = name
        self._project = project
        self._environment = environment
        self._rest = rest

    def find_problem(self) -> str | None:
        """Say why it can't be used now: down, credentials refused, no such environment."""
        path = f"/api/v2/projects/{quote(self._project, '')}/environments/{quote(self._environment, '')}"
        try:
            answer = self._rest.ask("GET", path, allow=(404,))
            if answer.status == 404:
                return f"LaunchDarkly has no environment `{self._environment}` in project `{self._project}`"
            document = answer.json("LaunchDarkly")
        except ActionError as error:
            return error.message
        known = isinstance(document, dict) and document.get("key") == self._environment
        return None if known else "what answers there is not LaunchDarkly"

    def read(self, flag: str) -> FlagReading | None:
        """Return what it serves; `None` when there is no such flag. Raises: ActionError."""
        found = self._find(flag)
        if found is None:
            return None
        held = None if found.on else found.off_variation()
        definition = canonical({"on": found.on, "off": found.before().off})
        return FlagReading(flag, tuple(found.ids), found.served(), definition, held=held, by_rules=found.by_rules())

    def force(self, flag: str, variant: str) -> None:
        """Let it serve one variant to everybody. Raises: ActionError."""
        found = self._find(flag)
        if found is None:
            raise ActionError(f"LaunchDarkly has no flag `{flag[:80]}`")
        if variant not in found.ids:
            raise ActionError(f"LaunchDarkly: `{flag}` has no variant `{variant[:80]}`")
        if found.on or found.off_variation() != variant:
            self._patch(flag, found.ids[variant], on=False, comment="Held by Holdfast")

    def restore(self, flag: str, definition: str) -> None:
        """Bring targeting and the off variation back. Raises: ActionError.

        A flag that somebody turned on meanwhile gets its off variation back, and stays on.
        """
        try:
            before = msgspec.json.decode(definition, type=_Before)
        except msgspec.DecodeError:
            raise ActionError("what LaunchDarkly served before was not written down by this provider") from None
        found = self._find(flag)
        if found is None or found.before() == before:
            return
        self._patch(flag, before.off, on=before.on or found.on, comment="Given back by Holdfast")

    def _patch(self, flag: str, off: str | None, *, on: bool, comment: str) -> None:
        path = f"{self._path(flag)}?ignoreConflicts=true"
        if off is None:  # a semantic patch has no word for "no off variation"; the JSON patch of the same API has
            place = f"/environments/{self._environment}"
            patch = [
                {"op": "remove", "path": f"{place}/offVariation"},
                {"op": "replace", "path": f"{place}/on", "value": on},
            ]
            self._rest.ask("PATCH", path, {"comment": comment, "patch": patch})
            return
        instructions = [
            {"kind": "updateOffVariation", "variationId": off},
            {"kind": "turnFlagOn" if on else "turnFlagOff"},
        ]
        body = {"environmentKey": self._environment, "comment": comment, "instructions": instructions}
        self._rest.ask("PATCH", path, body, headers=_SEMANTIC)

    def _path(self, flag: str) -> str:
        return f"/api/v2/flags/{quote(self._project, '')}/{quote(flag, '')}"

    def _find(self, flag: str) -> _Flag | None:
        answer = self._rest.ask("GET", f"{self._path(flag)}?env={quote(self._environment, '')}", allow=(404,))
        if answer.status == 404:
            return None
        document = answer.json("LaunchDarkly")
        if not isinstance(document, dict) or not isinstance(document.get("variations"), list):
            raise ActionError("LaunchDarkly answered something that is no flag")
        environment = (document.get("environments") or {}).get(self._environment)
        if document.get("archived") or not isinstance(environment, dict):
            return None
        variations = [(one.get("name") or name_value(one.get("value")), one["_id"]) for one in document["variations"]]
        return _Flag(flag, by_name("LaunchDarkly", flag, variations), [name for name, _ in variations], environment)

    def close(self) -> None:
        """Release connections."""
        self._rest.close()


def _open(target: Target, tools: Tools) -> LaunchDarkly:
    def headers() -> Mapping[str, str]:
        return {"authorization": tools.required_secret(target, "token"), "ld-api-version": VERSION}

    environment = environment_name(target, "environment_key")
    rest = Rest("LaunchDarkly", text_option(target, "url", URL) or URL, headers)
    return LaunchDarkly(target.name, required_text(target, "project"), environment, rest)


SPEC = TargetSpec(
    id="launchdarkly",
    section="flags",
    about="LaunchDarkly. Written to its published API, not tried against the live service.",
    options=(
        Option("token", True, True, "An access token that may update flags."),
        Option("project", True, False, "The project's key."),
        Option("environment_key", False, False, "The environment's key; the same as ours by default."),
        Option("url", False, False, f"The API; `{URL}` by default.", kind="url"),
    ),
    open=_open,
)
